import { systemClock, type Clock } from '@atoll/core';
import {
  BucketStore,
  ClockGuard,
  DataInParts,
  driverOf,
  findSource,
  PartTurns,
  USUAL_RETRIES,
  USUAL_TIMEOUTS,
  Wire,
  WriteGate,
  type BucketSetting,
  type CallOptions,
  type ProxyNames,
  type ReadableStore,
  type RetryPlan,
  type Timeouts,
} from '@atoll/storage';
import { readSettings } from './bucket-settings.js';
import { chooseIdentity, type GcsCredentials } from './choose-identity.js';
import { GcsCalls } from './gcs-calls.js';
import { GcsCopier } from './gcs-copier.js';
import { GcsFailure } from './gcs-failure.js';
import { GcsLister } from './gcs-lister.js';
import { parseGcsUrl } from './gcs-location.js';
import { GcsReader } from './gcs-reader.js';
import { GcsUploads, PART_RULES } from './gcs-uploads.js';
import { GcsWriter } from './gcs-writer.js';
import { FIRST_PIECE_BYTES, pieceBytesAt } from './piece-sizes.js';
import { Place } from './place.js';
import { UrlSigner } from './url-signer.js';

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
  /** Told when no new token is to be had, while requests still go on with the old one. */
  readonly log?: { readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void } | undefined;
  readonly clock?: Clock;
  readonly retries?: Partial<RetryPlan>;
  readonly timeouts?: Partial<Timeouts>;
}

/**
 * Objects in a bucket of Google Cloud Storage (docs/drivers/gcs.md). Any number of processes may write to one bucket. Opening asks the
 * server nothing: `probeStore` finds out whether it keeps its promises.
 */
export class GcsStore extends BucketStore {
  readonly #endpoint: string;
  readonly #wire: Wire;
  readonly #place: Place;
  readonly #calls: GcsCalls;
  readonly #copier: GcsCopier;

  /** @throws TypeError for a URL that is none of a bucket, StorageError 'denied' for credentials that cannot be used there */
  constructor(options: GcsStoreOptions) {
    const {
      url,
      readOnly = false,
      conditionalDelete = true,
      pieceBytes = FIRST_PIECE_BYTES,
      credentials,
      proxies = {},
      signingEndpoint,
      clock = systemClock,
    } = options;
    const location = parseGcsUrl(url);
    const renewalFailed = (cause: unknown, goodForMs: number): void =>
      options.log?.warn('the identity is not renewed', { storage: url, error: cause, goodForMs });
    const identity = chooseIdentity({ location, credentials, proxies, signingEndpoint, renewalFailed });
    const place = new Place(url, location);
    const wire = new Wire(location.endpoint, { proxies, tooLate: () => new GcsFailure('lost', 'TimeoutError') });
    const guard = new ClockGuard(clock);
    const calls = new GcsCalls({
      wire,
      identity,
      clock: guard,
      retries: { ...USUAL_RETRIES, ...options.retries },
      timeouts: { ...USUAL_TIMEOUTS, ...options.timeouts },
    });
    const reader = new GcsReader(calls, place);
    const writer = new GcsWriter(calls, place, reader, conditionalDelete);
    const uploads = new GcsUploads({ calls, place, reader, writer });
    super({
      url,
      capabilities: { conditionalDelete, presign: identity.signs, parts: PART_RULES },
      gate: new WriteGate({ url, readOnly, clock: guard, ask: (key, o) => reader.head(key, o) }),
      reader,
      writer,
      lister: new GcsLister(calls, place),
      data: new DataInParts(uploads, new PartTurns(), (offsetBytes) => pieceBytesAt(offsetBytes, pieceBytes)),
      signer: new UrlSigner({ endpoint: location.endpoint, place, identity, clock }),
    });
    this.#endpoint = location.endpoint;
    this.#wire = wire;
    this.#place = place;
    this.#calls = calls;
    this.#copier = new GcsCopier(calls, place);
  }

  async inspect(o: CallOptions = {}): Promise<readonly BucketSetting[]> {
    return readSettings(this.#calls, this.#place, o);
  }

  /** From a bucket behind the same endpoint, read by this store's identity. */
  async copyFrom(
    source: ReadableStore,
    sourceKey: string,
    key: string,
    o: CallOptions & { readonly sizeBytes: number },
  ): Promise<{ sizeBytes: number } | undefined> {
    await this.gate.pass(key, o);
    const driver = driverOf(source);
    if (!(driver instanceof GcsStore) || driver.#endpoint !== this.#endpoint) return undefined;
    const found = await findSource(driver, sourceKey, o);
    if (found === undefined) return undefined;
    const from = { place: driver.#place, key: sourceKey, version: found.version };
    const copied = await this.#copier.copy(from, key, { signal: o.signal });
    return copied ? { sizeBytes: o.sizeBytes } : undefined;
  }

  /** Ends the connections that nobody uses, and what is still asked. */
  close(): Promise<void> {
    this.#wire.close();
    return Promise.resolve();
  }
}
