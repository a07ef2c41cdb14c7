import type { Readable } from 'node:stream';
import type { Clock } from '@atoll/core';
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
import { createClient, type ClientOptions } from './create-client.js';
import { Place } from './place.js';
import { S3Calls, USUAL_TIMEOUTS, type Timeouts } from './s3-calls.js';
import { S3Copier, USUAL_COPY_SIZES, type CopySizes } from './s3-copier.js';
import { S3DataWriter } from './s3-data-writer.js';
import { S3Lister } from './s3-lister.js';
import { parseS3Url } from './s3-location.js';
import { S3Reader } from './s3-reader.js';
import { PART_RULES, S3Uploads } from './s3-uploads.js';
import { S3Writer, type PutOutcome } from './s3-writer.js';
import { sendWhole } from './send-whole.js';
import { UrlSigner } from './url-signer.js';

/** `credentials`: by default what the environment, a profile or the machine's role gives. */
export interface S3StoreOptions extends ClientOptions {
  /** `s3://bucket/prefix?endpoint=…&region=…&path-style=true&equal-parts=true` */
  readonly url: string;
  readonly readOnly?: boolean;
  /** Whether a delete may name a version; some servers accept that and ignore it. By default it may. */
  readonly conditionalDelete?: boolean;
  /** The size of the first parts a stream is cut into that is put in one call. */
  readonly streamedPartBytes?: number;
  readonly copySizes?: CopySizes;
  readonly clock?: Clock;
  readonly retries?: Partial<RetryPlan>;
  readonly timeouts?: Partial<Timeouts>;
}

/** Of a stream that is put in one call. */
const STREAMED_PART_BYTES = 8 * 1_048_576;
/** Of all streams and uploads together, so that they take 128 MiB at most, up to 7.8 GiB into a blob, beside what each of them gathers. */
const PARTS_ON_THE_WAY = 16;

/**
 * Objects in an S3 bucket (docs/drivers/s3.md). Any number of processes may write to one bucket. Opening asks the server nothing:
 * `probeStore` finds out whether it keeps its promises.
 */
export class S3Store implements ObjectStore {
  readonly url: string;
  readonly capabilities: Capabilities;
  /** Where its requests go; two stores of one service can copy from each other. */
  readonly #endpoint: string | undefined;
  readonly #calls: S3Calls;
  readonly #place: Place;
  readonly #gate: WriteGate;
  readonly #reader: S3Reader;
  readonly #writer: S3Writer;
  readonly #lister: S3Lister;
  readonly #uploads: S3Uploads;
  readonly #data: S3DataWriter;
  readonly #copier: S3Copier;
  readonly #signer: UrlSigner;
  readonly #turns = new PartTurns(PARTS_ON_THE_WAY);

  /** @throws TypeError for a URL that is none of an S3 bucket */
  constructor({ url, readOnly = false, conditionalDelete = true, ...options }: S3StoreOptions) {
    const location = parseS3Url(url);
    const timeouts = { ...USUAL_TIMEOUTS, ...options.timeouts };
    const clock = new ClockGuard(options.clock);
    const client = createClient(location, clock, timeouts, options);
    const calls = new S3Calls({ client, clock, retries: { ...USUAL_RETRIES, ...options.retries }, timeouts });
    const place = new Place(url, location.bucket, location.prefix);
    this.url = url;
    this.capabilities = { conditionalDelete, presign: true, parts: { ...PART_RULES, equal: location.equalParts } };
    this.#endpoint = location.endpoint;
    this.#calls = calls;
    this.#place = place;
    this.#reader = new S3Reader(calls, place);
    // Not by a HEAD, whose answer says nothing of what is wrong.
    const ask = (key: string, o: CallOptions) => this.#reader.get(key, o);
    this.#gate = new WriteGate({ url, readOnly, clock, ask });
    this.#writer = new S3Writer({ calls, place, reader: this.#reader, conditionalDelete });
    this.#lister = new S3Lister(calls, place);
    this.#uploads = new S3Uploads(calls, place, this.#reader);
    const firstPartBytes = options.streamedPartBytes ?? STREAMED_PART_BYTES;
    this.#data = new S3DataWriter(this.#uploads, this.#turns, { firstPartBytes, equal: location.equalParts });
    this.#copier = new S3Copier(calls, place, this.#uploads, options.copySizes ?? USUAL_COPY_SIZES);
    this.#signer = new UrlSigner(client, place, clock);
  }

  async inspect(o: CallOptions = {}): Promise<readonly BucketSetting[]> {
    const { Bucket, Key } = this.#place.of('');
    return readSettings(this.#calls, { bucket: Bucket, prefix: Key }, o);
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

  async list(
    prefix: string,
    o: CallOptions & { readonly after?: string; readonly limit: number },
  ): Promise<{ entries: ObjectInfo[]; more: boolean }> {
    return this.#lister.list(prefix, o);
  }

  async put(key: string, body: Uint8Array, condition: PutCondition, o: CallOptions = {}): Promise<PutOutcome> {
    await this.#gate.pass(key, o);
    return this.#writer.put(key, body, condition, o);
  }

  async delete(key: string, condition: DeleteCondition, o: CallOptions = {}) {
    await this.#gate.pass(key, o);
    return this.#writer.delete(key, condition, o);
  }

  async putData(key: string, chunks: Chunks, o: CallOptions = {}): Promise<{ sizeBytes: number }> {
    await this.#gate.pass(key, o);
    return this.#data.write(key, chunks, o);
  }

  async copyFrom(
    source: ReadableStore,
    sourceKey: string,
    key: string,
    o: CallOptions & { readonly sizeBytes: number },
  ): Promise<{ sizeBytes: number } | undefined> {
    await this.#gate.pass(key, o);
    const other = driverOf(source);
    if (!(other instanceof S3Store) || other.#endpoint !== this.#endpoint) return undefined;
    const info = await findSource(other, sourceKey, o);
    if (info === undefined) return undefined;
    return this.#copier.copy({ place: other.#place, info }, key, { signal: o.signal });
  }

  async beginData(key: string, o: CallOptions = {}): Promise<Json> {
    await this.#gate.pass(key, o);
    return this.#uploads.begin(key, o);
  }

  async writePart(
    key: string,
    upload: Json,
    { number, sizeBytes }: { readonly number: number; readonly offsetBytes: number; readonly sizeBytes?: number },
    chunks: Chunks,
    o: CallOptions = {},
  ): Promise<PartReceipt> {
    await this.#gate.pass(key, o);
    return this.#turns.run(() =>
      sendWhole(chunks, sizeBytes, o.signal, (body) => this.#uploads.writePart(key, upload, number, body, o)),
    );
  }

  async completeData(key: string, upload: Json, parts: readonly PartReceipt[], o: CallOptions = {}) {
    await this.#gate.pass(key, o);
    return this.#uploads.complete(key, upload, parts, o);
  }

  async abortData(key: string, upload: Json, o: CallOptions = {}): Promise<void> {
    await this.#gate.pass(key, o);
    return this.#uploads.abort(key, upload, o);
  }

  /** The URL proves the bearer's right, so it belongs into no log. */
  async presignGet(key: string, o: { readonly ttlSeconds: number; readonly contentType: string }) {
    return this.#signer.sign(key, o);
  }

  async close(): Promise<void> {
    this.#calls.client.destroy();
  }
}
