import { addAbortSignal, Readable } from 'node:stream';
import { systemClock, type Clock } from '@atoll/core';
import { compareKeys, lowerBound } from './key-order.js';
import {
  driverOf,
  type CallOptions,
  type Capabilities,
  type Chunks,
  type DeleteCondition,
  type Json,
  type ObjectInfo,
  type ObjectStore,
  type PartReceipt,
  type PutCondition,
  type ReadableStore,
  type Version,
} from './object-store.js';
import { PartUploads } from './part-uploads.js';
import { putOneByOne } from './put-one-by-one.js';
import { StorageError } from './storage-error.js';
import { untilAborted } from './until-aborted.js';

const CHUNK_BYTES = 65_536;

interface Stored {
  readonly info: ObjectInfo;
  readonly body: Buffer;
}

export interface MemoryStoreOptions {
  readonly parts?: Partial<Capabilities['parts']>;
  readonly conditionalDelete?: boolean;
  /** Whether it has `putInOrder`. */
  readonly inOrder?: boolean;
  /** Makes the URLs of `presignGet`, from which somebody else serves the object. */
  readonly presign?: (key: string, options: { readonly ttlSeconds: number; readonly contentType: string }) => string;
  readonly clock?: Clock;
  readonly name?: string;
}

/**
 * A store that forgets, for tests and simulations: real conditions, unique versions, byte order, and by default the parts of a
 * filesystem. `parts: { minBytes: 8, maxCount: 10_000, equal: true, streamed: false }` makes its parts as strict as S3's.
 */
export class MemoryStore implements ObjectStore {
  readonly url: string;
  readonly capabilities: Capabilities;
  readonly putInOrder: ObjectStore['putInOrder'];
  readonly #clock: Clock;
  readonly #presign: MemoryStoreOptions['presign'];
  readonly #objects = new Map<string, Stored>();
  /** The keys of `#objects` in order. */
  readonly #keys: string[] = [];
  readonly #uploads: PartUploads;
  #writes = 0;

  constructor({
    parts,
    conditionalDelete = true,
    inOrder = false,
    presign,
    clock = systemClock,
    name = 'store',
  }: MemoryStoreOptions = {}) {
    this.url = `memory:///${name}`;
    this.#presign = presign;
    this.putInOrder = inOrder ? (puts, o) => putOneByOne(this, puts, o) : undefined;
    this.capabilities = {
      conditionalDelete,
      presign: presign !== undefined,
      parts: { minBytes: 0, maxCount: Number.MAX_SAFE_INTEGER, equal: false, streamed: true, ...parts },
    };
    this.#clock = clock;
    this.#uploads = new PartUploads(this.capabilities.parts);
  }

  async get(key: string, { signal }: CallOptions = {}) {
    await turn(signal);
    const stored = this.#objects.get(key);
    return stored && { info: stored.info, body: Buffer.from(stored.body) };
  }

  versionAtHand(key: string): Version | undefined {
    return this.#objects.get(key)?.info.version;
  }

  async open(key: string, { signal, start = 0, end }: CallOptions & { start?: number; end?: number } = {}) {
    await turn(signal);
    const stored = this.#objects.get(key);
    if (stored === undefined) return undefined;
    const body = Readable.from(slices(stored.body.subarray(start, end)), { objectMode: false });
    return { info: stored.info, body: signal ? addAbortSignal(signal, body) : body };
  }

  async head(key: string, { signal }: CallOptions = {}) {
    await turn(signal);
    return this.#objects.get(key)?.info;
  }

  async put(key: string, body: Uint8Array, condition: PutCondition, { signal }: CallOptions = {}) {
    const bytes = Buffer.from(body);
    await turn(signal);
    const current = this.#objects.get(key)?.info.version;
    if ('ifAbsent' in condition && current !== undefined) return 'conflict';
    if ('ifVersion' in condition && current !== condition.ifVersion) return 'conflict';
    return { version: this.#store(key, bytes) };
  }

  async delete(key: string, condition: DeleteCondition, { signal }: CallOptions = {}) {
    await turn(signal);
    if ('ifVersion' in condition && !this.capabilities.conditionalDelete) {
      throw new StorageError('unsupported', `${this.url} cannot delete one version only`, { key });
    }
    const current = this.#objects.get(key)?.info.version;
    if (current === undefined) return 'absent';
    if ('ifVersion' in condition && current !== condition.ifVersion) return 'conflict';
    this.#objects.delete(key);
    this.#keys.splice(lowerBound(this.#keys, key), 1);
    return 'deleted';
  }

  async list(prefix: string, { signal, after = '', limit }: CallOptions & { after?: string; limit: number }) {
    await turn(signal);
    const entries: ObjectInfo[] = [];
    let at = lowerBound(this.#keys, compareKeys(after, prefix) < 0 ? prefix : `${after}\0`);
    for (; entries.length <= limit; at++) {
      const key = this.#keys[at];
      if (key === undefined || !key.startsWith(prefix)) break;
      const info = this.#objects.get(key)?.info;
      if (info) entries.push(info);
    }
    return { entries: entries.slice(0, limit), more: entries.length > limit };
  }

  async putData(key: string, chunks: Chunks, { signal }: CallOptions = {}) {
    const body = await collect(chunks, signal);
    await turn(signal);
    this.#storeData(key, body);
    return { sizeBytes: body.length };
  }

  async copyFrom(
    source: ReadableStore,
    sourceKey: string,
    key: string,
    { sizeBytes, signal }: CallOptions & { sizeBytes: number },
  ) {
    await turn(signal);
    const driver = driverOf(source);
    const stored = driver instanceof MemoryStore ? driver.#objects.get(sourceKey) : undefined;
    if (stored === undefined) return undefined;
    if (stored.body.length !== sizeBytes) {
      throw new StorageError('corrupt', `${source.url} has ${stored.body.length} bytes, not ${sizeBytes}`, {
        key: sourceKey,
      });
    }
    this.#store(key, stored.body);
    return { sizeBytes };
  }

  async beginData(key: string, { signal }: CallOptions = {}): Promise<Json> {
    await turn(signal);
    return { id: this.#uploads.begin(key) };
  }

  async writePart(
    key: string,
    upload: Json,
    part: { number: number; offsetBytes: number },
    chunks: Chunks,
    { signal }: CallOptions = {},
  ): Promise<PartReceipt> {
    this.#uploads.check(key, upload);
    const body = await collect(chunks, signal);
    await turn(signal);
    return this.#uploads.write(key, upload, part, body);
  }

  async completeData(key: string, upload: Json, receipts: readonly PartReceipt[], { signal }: CallOptions = {}) {
    await turn(signal);
    const sizeBytes = receipts.reduce((sum, part) => sum + part.sizeBytes, 0);
    if (this.#objects.get(key)?.info.sizeBytes === sizeBytes) return { sizeBytes };
    this.#storeData(key, this.#uploads.assemble(key, upload, receipts));
    this.#uploads.end(upload);
    return { sizeBytes };
  }

  async abortData(_key: string, upload: Json, { signal }: CallOptions = {}) {
    await turn(signal);
    this.#uploads.end(upload);
  }

  async presignGet(key: string, options: { ttlSeconds: number; contentType: string }): Promise<string | undefined> {
    return this.#presign?.(key, options);
  }

  async close(): Promise<void> {
    // Nothing is held.
  }

  #storeData(key: string, body: Buffer): void {
    if (this.#objects.has(key)) throw new StorageError('corrupt', `the data object ${key} exists`, { key });
    this.#store(key, body);
  }

  #store(key: string, body: Buffer): Version {
    if (!this.#objects.has(key)) {
      this.#checkPlace(key);
      this.#keys.splice(lowerBound(this.#keys, key), 0, key);
    }
    const version = `v${++this.#writes}`;
    const modified = new Date(this.#clock.now());
    this.#objects.set(key, { info: { key, sizeBytes: body.length, version, modified }, body });
    return version;
  }

  /** Some stores refuse or hide `a/b` beside `a`, so this one refuses it too. */
  #checkPlace(key: string): void {
    const folder = `${key}/`;
    const below = this.#keys[lowerBound(this.#keys, folder)];
    let clash = below?.startsWith(folder) ? below : undefined;
    for (let at = key.indexOf('/'); at >= 0; at = key.indexOf('/', at + 1)) {
      if (this.#objects.has(key.slice(0, at))) clash = key.slice(0, at);
    }
    if (clash !== undefined || key === '' || key.split('/').includes('')) {
      throw new StorageError('invalid-key', `${JSON.stringify(key)} cannot be a key beside ${clash ?? 'any other'}`, {
        key,
      });
    }
  }
}

/** Every call lets others run first, as a call over a network does, and does not happen once its signal has aborted. */
async function turn(signal: AbortSignal | undefined): Promise<void> {
  await Promise.resolve();
  signal?.throwIfAborted();
}

async function collect(chunks: Chunks, signal: AbortSignal | undefined): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of untilAborted(chunks, signal)) all.push(Buffer.from(chunk));
  return Buffer.concat(all);
}

function* slices(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += CHUNK_BYTES) yield Buffer.from(body.subarray(at, at + CHUNK_BYTES));
}
