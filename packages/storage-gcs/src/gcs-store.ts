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
import { readSettings } from './bucket-settings.js';
import { chooseIdentity, type GcsCredentials } from './choose-identity.js';
import { GcsCalls, USUAL_TIMEOUTS, type Timeouts } from './gcs-calls.js';
import { GcsCopier } from './gcs-copier.js';
import { GcsDataWriter, type PartPlace } from './gcs-data-writer.js';
import { GcsLister, type ListOptions } from './gcs-lister.js';
import { parseGcsUrl } from './gcs-location.js';
import { GcsReader } from './gcs-reader.js';
import { GcsUploads, PART_RULES } from './gcs-uploads.js';
import { GcsWriter, type PutOutcome } from './gcs-writer.js';
import { Place } from './place.js';
import { UrlSigner } from './url-signer.js';
import { Wire, type ProxyNames } from './wire.js';

export interface GcsStoreOptions {
  /** `gs://bucket/prefix?endpoint=…` */
  readonly url: string;
  readonly readOnly?: boolean;
  /** By default, the identity that the environment or the machine gives; none for an endpoint that is spoken to over http. */
  readonly credentials?: GcsCredentials | undefined;
  /** `false` for emulators that ignore the condition of a delete. */
  readonly conditionalDelete?: boolean;
  /** What one request carries of a data object at most, in its first gibibytes. By default 8 MiB. */
  readonly pieceBytes?: number;
  readonly proxies?: ProxyNames;
  /** Where an identity without a key has its URLs signed, in place of `https://iamcredentials.googleapis.com`. */
  readonly signingEndpoint?: string;
  readonly clock?: Clock;
  readonly retries?: Partial<RetryPlan>;
  readonly timeouts?: Partial<Timeouts>;
}

/** Pieces that all streams of a store send at this moment, together. */
const PIECES_ON_THE_WAY = 16;

/**
 * Objects in a bucket of Google Cloud Storage (docs/drivers/gcs.md). Any number of processes may write to one bucket. Opening asks the
 * server nothing: `probeStore` finds out whether it keeps its promises.
 */
export class GcsStore implements ObjectStore {
  readonly url: string;
  readonly capabilities: Capabilities;
  readonly #endpoint: string;
  readonly #gate: WriteGate;
  readonly #wire: Wire;
  readonly #place: Place;
  readonly #calls: GcsCalls;
  readonly #reader: GcsReader;
  readonly #writer: GcsWriter;
  readonly #lister: GcsLister;
  readonly #uploads: GcsUploads;
  readonly #data: GcsDataWriter;
  readonly #copier: GcsCopier;
  readonly #signer: UrlSigner;

  /** @throws TypeError for a URL that is none of a bucket, StorageError 'denied' for credentials that cannot be used there */
  constructor(options: GcsStoreOptions) {
    const {
      url,
      readOnly = false,
      conditionalDelete = true,
      pieceBytes,
      credentials,
      proxies = {},
      signingEndpoint,
      clock = systemClock,
    } = options;
    const location = parseGcsUrl(url);
    const identity = chooseIdentity({ location, credentials, proxies, signingEndpoint });
    const place = new Place(url, location);
    const wire = new Wire(location.endpoint, proxies);
    const guard = new ClockGuard(clock);
    const calls = new GcsCalls({
      wire,
      identity,
      clock: guard,
      retries: { ...USUAL_RETRIES, ...options.retries },
      timeouts: { ...USUAL_TIMEOUTS, ...options.timeouts },
    });
    this.url = url;
    this.capabilities = { conditionalDelete, presign: identity.signs, parts: PART_RULES };
    this.#endpoint = location.endpoint;
    this.#wire = wire;
    this.#place = place;
    this.#calls = calls;
    this.#reader = new GcsReader(calls, place);
    this.#gate = new WriteGate({ url, readOnly, clock: guard, ask: (key, o) => this.#reader.head(key, o) });
    this.#writer = new GcsWriter(calls, place, this.#reader, conditionalDelete);
    this.#lister = new GcsLister(calls, place);
    this.#uploads = new GcsUploads({ calls, place, reader: this.#reader, writer: this.#writer });
    this.#data = new GcsDataWriter(this.#uploads, new PartTurns(PIECES_ON_THE_WAY), pieceBytes);
    this.#copier = new GcsCopier(calls, place);
    this.#signer = new UrlSigner({ endpoint: location.endpoint, place, identity, clock });
  }

  async inspect(o: CallOptions = {}): Promise<readonly BucketSetting[]> {
    return readSettings(this.#calls, this.#place, o);
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
    return this.#data.write(key, chunks, o);
  }

  /** From a bucket behind the same endpoint, read by this store's identity. */
  async copyFrom(
    source: ReadableStore,
    sourceKey: string,
    key: string,
    o: CallOptions & { readonly sizeBytes: number },
  ): Promise<{ sizeBytes: number } | undefined> {
    await this.#gate.pass(key, o);
    const driver = driverOf(source);
    if (!(driver instanceof GcsStore) || driver.#endpoint !== this.#endpoint) return undefined;
    const found = await findSource(driver, sourceKey, o);
    if (found === undefined) return undefined;
    const from = { place: driver.#place, key: sourceKey, version: found.version };
    const copied = await this.#copier.copy(from, key, { signal: o.signal });
    return copied ? { sizeBytes: o.sizeBytes } : undefined;
  }

  async beginData(key: string, o: CallOptions = {}): Promise<Json> {
    await this.#gate.pass(key, o);
    return this.#uploads.begin(key, o);
  }

  async writePart(
    key: string,
    upload: Json,
    part: PartPlace,
    chunks: Chunks,
    o: CallOptions = {},
  ): Promise<PartReceipt> {
    await this.#gate.pass(key, o);
    return this.#data.writePart(key, upload, part, chunks, o);
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

  /** Ends the connections that nobody uses, and what is still asked. */
  close(): Promise<void> {
    this.#wire.close();
    return Promise.resolve();
  }
}
