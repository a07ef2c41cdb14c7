import type { Readable } from 'node:stream';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Clock } from '@atoll/core';
import {
  ClockGuard,
  PartTurns,
  StorageError,
  USUAL_RETRIES,
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
  type Version,
} from '@atoll/storage';
import { createClient, type CredentialSource } from './create-client.js';
import { Place } from './place.js';
import { S3Calls, USUAL_TIMEOUTS, type Timeouts } from './s3-calls.js';
import { S3DataWriter } from './s3-data-writer.js';
import { S3Lister } from './s3-lister.js';
import { parseS3Url } from './s3-location.js';
import { S3Reader, type ByteRange } from './s3-reader.js';
import { PART_RULES, S3Uploads } from './s3-uploads.js';
import { S3Writer } from './s3-writer.js';
import { sendWhole } from './send-whole.js';

export interface S3StoreOptions {
  /** `s3://bucket/prefix?endpoint=…&region=…&path-style=true` */
  readonly url: string;
  readonly readOnly?: boolean;
  /** By default what the environment, a profile or the machine's role gives. */
  readonly credentials?: CredentialSource;
  /** Whether a delete may name a version; some servers accept that and ignore it. By default it may. */
  readonly conditionalDelete?: boolean;
  /** The size of the parts a stream is cut into that is put in one call. */
  readonly streamedPartBytes?: number;
  readonly clock?: Clock;
  readonly retries?: Partial<RetryPlan>;
  readonly timeouts?: Partial<Timeouts>;
}

/** Of a stream that is put in one call; 10,000 of them hold 78 GiB. */
const STREAMED_PART_BYTES = 8 * 1_048_576;
/** Of all streams and uploads together, so that they take 128 MiB at most beside what each of them gathers. */
const PARTS_ON_THE_WAY = 16;

/**
 * Objects in an S3 bucket (docs/drivers/s3.md). Any number of processes may write to one bucket. Opening asks the server nothing:
 * `probeStore` finds out whether it keeps its promises.
 */
export class S3Store implements ObjectStore {
  readonly url: string;
  readonly capabilities: Capabilities;
  readonly #readOnly: boolean;
  readonly #calls: S3Calls;
  readonly #place: Place;
  readonly #reader: S3Reader;
  readonly #writer: S3Writer;
  readonly #lister: S3Lister;
  readonly #uploads: S3Uploads;
  readonly #data: S3DataWriter;
  readonly #turns = new PartTurns(PARTS_ON_THE_WAY);

  /** @throws TypeError for a URL that is none of an S3 bucket */
  constructor({ url, credentials, ...options }: S3StoreOptions) {
    const { readOnly = false, conditionalDelete = true, clock, retries, timeouts } = options;
    const location = parseS3Url(url);
    const { bucket, prefix } = location;
    this.url = url;
    this.capabilities = { conditionalDelete, presign: true, parts: PART_RULES };
    this.#readOnly = readOnly;
    const guard = new ClockGuard(clock);
    const allTimeouts = { ...USUAL_TIMEOUTS, ...timeouts };
    const client = createClient(location, guard, allTimeouts, credentials);
    const calls = new S3Calls({
      client,
      clock: guard,
      retries: { ...USUAL_RETRIES, ...retries },
      timeouts: allTimeouts,
    });
    this.#calls = calls;
    this.#place = new Place(url, bucket, prefix);
    this.#reader = new S3Reader(calls, this.#place);
    this.#writer = new S3Writer({ calls, place: this.#place, reader: this.#reader, conditionalDelete });
    this.#lister = new S3Lister(calls, this.#place);
    this.#uploads = new S3Uploads(calls, this.#place, this.#reader);
    const { streamedPartBytes = STREAMED_PART_BYTES } = options;
    this.#data = new S3DataWriter(this.#uploads, this.#turns, streamedPartBytes);
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

  async put(
    key: string,
    body: Uint8Array,
    condition: PutCondition,
    o: CallOptions = {},
  ): Promise<{ version: Version } | 'conflict'> {
    await this.#beforeWrite(key, o);
    return this.#writer.put(key, body, condition, o);
  }

  async delete(
    key: string,
    condition: DeleteCondition,
    o: CallOptions = {},
  ): Promise<'deleted' | 'absent' | 'conflict'> {
    await this.#beforeWrite(key, o);
    return this.#writer.delete(key, condition, o);
  }

  async list(
    prefix: string,
    o: CallOptions & { readonly after?: string; readonly limit: number },
  ): Promise<{ entries: ObjectInfo[]; more: boolean }> {
    return this.#lister.list(prefix, o);
  }

  async putData(key: string, chunks: Chunks, o: CallOptions = {}): Promise<{ sizeBytes: number }> {
    await this.#beforeWrite(key, o);
    return this.#data.write(key, chunks, o);
  }

  /** Bytes are streamed by whoever copies. */
  async copyFrom(_source: ReadableStore, _sourceKey: string, _key: string, o: CallOptions): Promise<undefined> {
    o.signal?.throwIfAborted();
  }

  async beginData(key: string, o: CallOptions = {}): Promise<Json> {
    await this.#beforeWrite(key, o);
    return this.#uploads.begin(key, o);
  }

  async writePart(
    key: string,
    upload: Json,
    { number, sizeBytes }: { readonly number: number; readonly offsetBytes: number; readonly sizeBytes?: number },
    chunks: Chunks,
    o: CallOptions = {},
  ): Promise<PartReceipt> {
    await this.#beforeWrite(key, o);
    return this.#turns.run(() =>
      sendWhole(chunks, sizeBytes, o.signal, (body) => this.#uploads.writePart(key, upload, number, body, o)),
    );
  }

  async completeData(
    key: string,
    upload: Json,
    parts: readonly PartReceipt[],
    o: CallOptions = {},
  ): Promise<{ sizeBytes: number }> {
    await this.#beforeWrite(key, o);
    return this.#uploads.complete(key, upload, parts, o);
  }

  async abortData(key: string, upload: Json, o: CallOptions = {}): Promise<void> {
    await this.#beforeWrite(key, o);
    return this.#uploads.abort(key, upload, o);
  }

  /** The URL dies with temporary credentials, whatever `ttlSeconds`. It proves the bearer's right, so it belongs into no log. */
  async presignGet(key: string, { ttlSeconds, contentType }: { ttlSeconds: number; contentType: string }) {
    const command = new GetObjectCommand({ ...this.#place.of(key), ResponseContentType: contentType });
    return getSignedUrl(this.#calls.client, command, { expiresIn: ttlSeconds });
  }

  async close(): Promise<void> {
    this.#calls.client.destroy();
  }

  /** @throws StorageError 'read-only', or 'unavailable' while this machine's clock is off */
  async #beforeWrite(key: string, o: CallOptions): Promise<void> {
    o.signal?.throwIfAborted();
    if (this.#readOnly) throw new StorageError('read-only', `${this.url} was opened to be read only`, { key });
    const { clock } = this.#calls;
    if (clock.trusted) return;
    // Nothing was asked yet, or the clock may have been set right since.
    await this.#reader.head(key, o).catch((cause: unknown) => {
      clock.check(this.url);
      throw cause;
    });
    clock.check(this.url);
  }
}
