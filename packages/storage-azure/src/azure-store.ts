import type { Readable } from 'node:stream';
import { systemClock, type Clock } from '@atoll/core';
import {
  ClockGuard,
  driverOf,
  findSource,
  PartTurns,
  USUAL_RETRIES,
  type BucketSetting,
  type ByteRange,
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
  type RetryPlan,
  WriteGate,
} from '@atoll/storage';
import type { BlobServiceClient } from '@azure/storage-blob';
import { AzureCalls, USUAL_TIMEOUTS, type Timeouts } from './azure-calls.js';
import { AzureLister, type ListOptions } from './azure-lister.js';
import { parseAzureUrl } from './azure-location.js';
import { AzureReader } from './azure-reader.js';
import { AzureUploads, PART_RULES } from './azure-uploads.js';
import { AzureWriter, type PutOutcome } from './azure-writer.js';
import { BlobCopier } from './blob-copier.js';
import { BlockWriter } from './block-writer.js';
import { readSettings } from './container-settings.js';
import { createService, type AzureCredentials } from './create-service.js';
import { Place } from './place.js';
import { UrlSigner } from './url-signer.js';

export interface AzureStoreOptions {
  /** `az://account/container/prefix?endpoint=…` */
  readonly url: string;
  readonly readOnly?: boolean;
  /** Those of other accounts are left alone. By default, the identity that the environment or the machine gives. */
  readonly credentials?: readonly AzureCredentials[];
  readonly clock?: Clock;
  readonly retries?: Partial<RetryPlan>;
  readonly timeouts?: Partial<Timeouts>;
  /** What the server copies of another container by one request. Tests make it small. */
  readonly copiedBlockBytes?: number;
}

/** Of all streams together, so that they take 128 MiB at most beside what each of them gathers. */
const BLOCKS_ON_THE_WAY = 16;
/** Many side by side are quicker than few large ones, and one that fails is little to do again. */
const COPIED_BLOCK_BYTES = 64 * 1_048_576;

/**
 * Objects as block blobs of a container (docs/drivers/azure.md). Any number of processes may write to one container. Opening asks the
 * server nothing: `probeStore` finds out whether it keeps its promises.
 */
export class AzureStore implements ObjectStore {
  readonly url: string;
  readonly capabilities: Capabilities;
  readonly #gate: WriteGate;
  readonly #service: BlobServiceClient;
  readonly #place: Place;
  readonly #calls: AzureCalls;
  readonly #reader: AzureReader;
  readonly #writer: AzureWriter;
  readonly #lister: AzureLister;
  readonly #uploads: AzureUploads;
  readonly #copier: BlobCopier;
  readonly #signer: UrlSigner;

  /** @throws TypeError for a URL that is none of a container, StorageError 'denied' for credentials that cannot be used */
  constructor({ url, readOnly = false, credentials = [], clock = systemClock, ...options }: AzureStoreOptions) {
    const { retries, timeouts, copiedBlockBytes = COPIED_BLOCK_BYTES } = options;
    const location = parseAzureUrl(url);
    const service = createService(location, credentials);
    const place = new Place(url, service.client.getContainerClient(location.container), location.prefix);
    const guard = new ClockGuard(clock);
    const calls = new AzureCalls({
      clock: guard,
      retries: { ...USUAL_RETRIES, ...retries },
      timeouts: { ...USUAL_TIMEOUTS, ...timeouts },
    });
    this.url = url;
    this.capabilities = { conditionalDelete: true, presign: service.signs !== 'never', parts: PART_RULES };
    this.#service = service.client;
    this.#place = place;
    this.#calls = calls;
    this.#reader = new AzureReader(calls, place);
    this.#gate = new WriteGate({ url, readOnly, clock: guard, ask: (key, o) => this.#reader.head(key, o) });
    this.#writer = new AzureWriter(calls, place, this.#reader);
    this.#lister = new AzureLister(calls, place);
    const parts = { calls, place, reader: this.#reader, writer: this.#writer };
    const blocks = new BlockWriter({ ...parts, turns: new PartTurns(BLOCKS_ON_THE_WAY) });
    this.#uploads = new AzureUploads({ place, writer: this.#writer, blocks });
    this.#copier = new BlobCopier({ ...parts, blocks, blockBytes: copiedBlockBytes });
    this.#signer = new UrlSigner({ calls, place, service, clock });
  }

  async inspect(o: CallOptions = {}): Promise<readonly BucketSetting[]> {
    return readSettings({ calls: this.#calls, place: this.#place, service: this.#service }, o);
  }

  async get(key: string, o: CallOptions = {}): Promise<{ info: ObjectInfo; body: Buffer } | undefined> {
    return this.#reader.get(key, o);
  }

  async open(key: string, o: CallOptions & ByteRange = {}): Promise<{ info: ObjectInfo; body: Readable } | undefined> {
    return this.#reader.open(key, o);
  }

  async head(key: string, o: CallOptions = {}): Promise<ObjectInfo | undefined> {
    return this.#reader.head(key, o);
  }

  async put(key: string, body: Uint8Array, condition: PutCondition, o: CallOptions = {}): Promise<PutOutcome> {
    await this.#gate.pass(key, o);
    return this.#writer.put(key, body, condition, o);
  }

  async delete(
    key: string,
    condition: DeleteCondition,
    o: CallOptions = {},
  ): Promise<'deleted' | 'absent' | 'conflict'> {
    await this.#gate.pass(key, o);
    return this.#writer.delete(key, condition, o);
  }

  async list(prefix: string, o: ListOptions): Promise<{ entries: ObjectInfo[]; more: boolean }> {
    return this.#lister.list(prefix, o);
  }

  async putData(key: string, chunks: Chunks, o: CallOptions = {}): Promise<{ sizeBytes: number }> {
    await this.#gate.pass(key, o);
    return this.#uploads.putData(key, chunks, o);
  }

  /** Also between accounts, where the one is reached from the other. */
  async copyFrom(
    source: ReadableStore,
    sourceKey: string,
    key: string,
    o: CallOptions & { readonly sizeBytes: number },
  ): Promise<{ sizeBytes: number } | undefined> {
    await this.#gate.pass(key, o);
    const other = driverOf(source);
    if (!(other instanceof AzureStore) || (await findSource(other, sourceKey, o)) === undefined) return undefined;
    const { sizeBytes, signal } = o;
    const from = async () => other.#signer.copySource(sourceKey, { signal });
    return this.#copier.copy({ key, sizeBytes, source: from }, { signal });
  }

  /** Asks the server nothing: an upload is there as soon as it is named. */
  async beginData(key: string, o: CallOptions = {}): Promise<Json> {
    await this.#gate.pass(key, o);
    return this.#uploads.begin();
  }

  async writePart(
    key: string,
    upload: Json,
    part: { readonly number: number; readonly offsetBytes: number },
    chunks: Chunks,
    o: CallOptions = {},
  ): Promise<PartReceipt> {
    await this.#gate.pass(key, o);
    return this.#uploads.writePart(key, upload, part, chunks, o);
  }

  async completeData(
    key: string,
    upload: Json,
    parts: readonly PartReceipt[],
    o: CallOptions = {},
  ): Promise<{ sizeBytes: number }> {
    await this.#gate.pass(key, o);
    return this.#uploads.complete(key, upload, parts, o);
  }

  async abortData(key: string, upload: Json, o: CallOptions = {}): Promise<void> {
    await this.#gate.pass(key, o);
    return this.#uploads.abort(key, upload, o);
  }

  async presignGet(
    key: string,
    o: { readonly ttlSeconds: number; readonly contentType: string },
  ): Promise<string | undefined> {
    return this.#signer.sign(key, o);
  }

  async close(): Promise<void> {
    // Connections that nobody uses end by themselves, and keep no process alive.
  }
}
