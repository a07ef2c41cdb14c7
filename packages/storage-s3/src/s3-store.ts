import type { Clock } from '@atoll/core';
import {
  BucketStore,
  ClockGuard,
  DataInParts,
  driverOf,
  findSource,
  PartTurns,
  USUAL_RETRIES,
  WriteGate,
  type BucketSetting,
  type CallOptions,
  type ReadableStore,
  type RetryPlan,
} from '@atoll/storage';
import { readSettings } from './bucket-settings.js';
import { createClient, type ClientOptions } from './create-client.js';
import { ObjectRequests } from './object-requests.js';
import { pieceBytesAt } from './piece-sizes.js';
import { Place } from './place.js';
import { S3Calls, USUAL_S3_TIMEOUTS, type S3Timeouts } from './s3-calls.js';
import { S3Copier, USUAL_COPY_SIZES, type CopySizes } from './s3-copier.js';
import { S3Lister } from './s3-lister.js';
import { parseS3Url } from './s3-location.js';
import { S3Reader } from './s3-reader.js';
import { PART_RULES, S3Uploads } from './s3-uploads.js';
import { S3Writer } from './s3-writer.js';
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
  readonly timeouts?: Partial<S3Timeouts>;
}

/** Of a stream that is put in one call. */
const STREAMED_PART_BYTES = 8 * 1_048_576;

/**
 * Objects in an S3 bucket (docs/drivers/s3.md). Any number of processes may write to one bucket. Opening asks the server nothing:
 * `probeStore` finds out whether it keeps its promises.
 */
export class S3Store extends BucketStore {
  /** Where its requests go; two stores of one service can copy from each other. */
  readonly #endpoint: string | undefined;
  readonly #calls: S3Calls;
  readonly #place: Place;
  readonly #copier: S3Copier;

  /** @throws TypeError for a URL that is none of an S3 bucket */
  constructor({ url, readOnly = false, conditionalDelete = true, ...options }: S3StoreOptions) {
    const location = parseS3Url(url);
    const timeouts = { ...USUAL_S3_TIMEOUTS, ...options.timeouts };
    const clock = new ClockGuard(options.clock);
    const client = createClient(location, clock, timeouts, options);
    const { bucket } = location;
    const objects = new ObjectRequests({ client, bucket, clock, timeouts, proxies: options.proxies });
    const calls = new S3Calls({ client, objects, clock, retries: { ...USUAL_RETRIES, ...options.retries }, timeouts });
    const place = new Place(url, bucket, location.prefix);
    const reader = new S3Reader(calls, place);
    const uploads = new S3Uploads(calls, place, reader);
    const sizes = { firstPartBytes: options.streamedPartBytes ?? STREAMED_PART_BYTES, equal: location.equalParts };
    super({
      url,
      capabilities: { conditionalDelete, presign: true, parts: { ...PART_RULES, equal: location.equalParts } },
      // Not by a HEAD, whose answer says nothing of what is wrong.
      gate: new WriteGate({ url, readOnly, clock, ask: (key, o) => reader.get(key, o) }),
      reader,
      writer: new S3Writer({ calls, place, reader, conditionalDelete }),
      lister: new S3Lister(calls, place),
      data: new DataInParts(uploads, new PartTurns(), (offsetBytes) => pieceBytesAt(offsetBytes, sizes)),
      signer: new UrlSigner(client, place, clock),
    });
    this.#endpoint = location.endpoint;
    this.#calls = calls;
    this.#place = place;
    this.#copier = new S3Copier(calls, place, uploads, options.copySizes ?? USUAL_COPY_SIZES);
  }

  async inspect(o: CallOptions = {}): Promise<readonly BucketSetting[]> {
    const { Bucket, Key } = this.#place.of('');
    return readSettings(this.#calls, { bucket: Bucket, prefix: Key }, o);
  }

  async copyFrom(
    source: ReadableStore,
    sourceKey: string,
    key: string,
    o: CallOptions & { readonly sizeBytes: number },
  ): Promise<{ sizeBytes: number } | undefined> {
    await this.gate.pass(key, o);
    const other = driverOf(source);
    if (!(other instanceof S3Store) || other.#endpoint !== this.#endpoint) return undefined;
    const info = await findSource(other, sourceKey, o);
    if (info === undefined) return undefined;
    return this.#copier.copy({ place: other.#place, info }, key, { signal: o.signal });
  }

  async close(): Promise<void> {
    this.#calls.close();
  }
}
