import type { Readable } from 'node:stream';
import type {
  CallOptions,
  Capabilities,
  Chunks,
  DeleteCondition,
  DeleteOutcome,
  Json,
  Listed,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PartPlace,
  PartReceipt,
  PutCondition,
  PutOptions,
  PutOutcome,
  ReadableStore,
} from './object-store.js';
import type { ByteRange } from './resumed-body.js';
import type { WriteGate } from './write-gate.js';

/** A call of a store, to which options are always given. */
type Given<Call extends (...given: never[]) => unknown> = (...given: Required<Parameters<Call>>) => ReturnType<Call>;

/** Data objects, as BucketStore hands them on. */
export interface DataObjects {
  readonly write: Given<ObjectStore['putData']>;
  readonly begin: Given<ObjectStore['beginData']>;
  readonly writePart: Given<ObjectStore['writePart']>;
  readonly complete: Given<ObjectStore['completeData']>;
  readonly abort: Given<ObjectStore['abortData']>;
}

/** Who does what in a driver. None of them asks whether writing is allowed. */
export interface BucketParts {
  readonly url: string;
  readonly capabilities: Capabilities;
  readonly gate: WriteGate;
  readonly reader: { readonly [Call in 'get' | 'open' | 'head']: Given<ObjectStore[Call]> };
  readonly writer: { readonly [Call in 'put' | 'delete']: Given<ObjectStore[Call]> };
  readonly lister: { readonly list: ObjectStore['list'] };
  readonly data: DataObjects;
  readonly signer: { readonly sign: ObjectStore['presignGet'] };
}

/**
 * What the drivers of buckets behind a service have in common: each call goes to the part that knows how, and each write through the
 * gate first. A driver says which parts those are, and how it copies and closes.
 */
export abstract class BucketStore implements ObjectStore {
  readonly url: string;
  readonly capabilities: Capabilities;
  /** What `copyFrom` passes as well. */
  protected readonly gate: WriteGate;
  readonly #parts: BucketParts;

  protected constructor(parts: BucketParts) {
    this.url = parts.url;
    this.capabilities = parts.capabilities;
    this.gate = parts.gate;
    this.#parts = parts;
  }

  abstract copyFrom(
    source: ReadableStore,
    sourceKey: string,
    key: string,
    o: CallOptions & { readonly sizeBytes: number },
  ): Promise<{ sizeBytes: number } | undefined>;

  abstract close(): Promise<void>;

  async get(key: string, o: CallOptions = {}): Promise<{ info: ObjectInfo; body: Buffer } | undefined> {
    return this.#parts.reader.get(key, o);
  }

  async open(key: string, o: CallOptions & ByteRange = {}): Promise<{ info: ObjectInfo; body: Readable } | undefined> {
    return this.#parts.reader.open(key, o);
  }

  async head(key: string, o: CallOptions = {}): Promise<ObjectInfo | undefined> {
    return this.#parts.reader.head(key, o);
  }

  async list(prefix: string, o: ListOptions): Promise<Listed> {
    return this.#parts.lister.list(prefix, o);
  }

  async put(key: string, body: Uint8Array, condition: PutCondition, o: PutOptions = {}): Promise<PutOutcome> {
    await this.gate.pass(key, o);
    return this.#parts.writer.put(key, body, condition, o);
  }

  async delete(key: string, condition: DeleteCondition, o: CallOptions = {}): Promise<DeleteOutcome> {
    await this.gate.pass(key, o);
    return this.#parts.writer.delete(key, condition, o);
  }

  async putData(key: string, chunks: Chunks, o: CallOptions = {}): Promise<{ sizeBytes: number }> {
    await this.gate.pass(key, o);
    return this.#parts.data.write(key, chunks, o);
  }

  async beginData(key: string, o: CallOptions = {}): Promise<Json> {
    await this.gate.pass(key, o);
    return this.#parts.data.begin(key, o);
  }

  async writePart(
    key: string,
    upload: Json,
    part: PartPlace,
    chunks: Chunks,
    o: CallOptions = {},
  ): Promise<PartReceipt> {
    await this.gate.pass(key, o);
    return this.#parts.data.writePart(key, upload, part, chunks, o);
  }

  async completeData(
    key: string,
    upload: Json,
    parts: readonly PartReceipt[],
    o: CallOptions = {},
  ): Promise<{ sizeBytes: number }> {
    await this.gate.pass(key, o);
    return this.#parts.data.complete(key, upload, parts, o);
  }

  async abortData(key: string, upload: Json, o: CallOptions = {}): Promise<void> {
    await this.gate.pass(key, o);
    return this.#parts.data.abort(key, upload, o);
  }

  /** The URL proves the bearer's right, so it belongs into no log. */
  async presignGet(
    key: string,
    o: { readonly ttlSeconds: number; readonly contentType: string },
  ): Promise<string | undefined> {
    return this.#parts.signer.sign(key, o);
  }
}
