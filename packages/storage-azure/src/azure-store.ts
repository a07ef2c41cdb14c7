import { systemClock, type Clock } from '@atoll/core';
import {
  BucketStore,
  ClockGuard,
  driverOf,
  findSource,
  PartTurns,
  USUAL_RETRIES,
  USUAL_TIMEOUTS,
  WriteGate,
  type BucketSetting,
  type CallOptions,
  type ReadableStore,
  type RetryPlan,
  type Timeouts,
} from '@atoll/storage';
import type { BlobServiceClient } from '@azure/storage-blob';
import { AzureCalls } from './azure-calls.js';
import { AzureLister } from './azure-lister.js';
import { parseAzureUrl } from './azure-location.js';
import { AzureReader } from './azure-reader.js';
import { AzureUploads, PART_RULES } from './azure-uploads.js';
import { AzureWriter } from './azure-writer.js';
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

/** Many side by side are quicker than few large ones, and one that fails is little to do again. */
const COPIED_BLOCK_BYTES = 64 * 1_048_576;

/**
 * Objects as block blobs of a container (docs/drivers/azure.md). Any number of processes may write to one container. Opening asks the
 * server nothing: `probeStore` finds out whether it keeps its promises.
 */
export class AzureStore extends BucketStore {
  readonly #service: BlobServiceClient;
  readonly #place: Place;
  readonly #calls: AzureCalls;
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
    const reader = new AzureReader(calls, place);
    const writer = new AzureWriter(calls, place, reader);
    const blocks = new BlockWriter({ calls, place, reader, writer, turns: new PartTurns() });
    const signer = new UrlSigner({ calls, place, service, clock });
    super({
      url,
      capabilities: { conditionalDelete: true, presign: service.signs !== 'never', parts: PART_RULES },
      gate: new WriteGate({ url, readOnly, clock: guard, ask: (key, o) => reader.head(key, o) }),
      reader,
      writer,
      lister: new AzureLister(calls, place),
      data: new AzureUploads({ place, writer, blocks }),
      signer,
    });
    this.#service = service.client;
    this.#place = place;
    this.#calls = calls;
    this.#copier = new BlobCopier({ calls, place, writer, blocks, blockBytes: copiedBlockBytes });
    this.#signer = signer;
  }

  async inspect(o: CallOptions = {}): Promise<readonly BucketSetting[]> {
    return readSettings({ calls: this.#calls, place: this.#place, service: this.#service }, o);
  }

  /** Also between accounts, where the one is reached from the other. */
  async copyFrom(
    source: ReadableStore,
    sourceKey: string,
    key: string,
    o: CallOptions & { readonly sizeBytes: number },
  ): Promise<{ sizeBytes: number } | undefined> {
    await this.gate.pass(key, o);
    const other = driverOf(source);
    if (!(other instanceof AzureStore) || (await findSource(other, sourceKey, o)) === undefined) return undefined;
    const { sizeBytes, signal } = o;
    const from = async () => other.#signer.copySource(sourceKey, { signal });
    return this.#copier.copy({ key, sizeBytes, source: from }, { signal });
  }

  async close(): Promise<void> {
    // Connections that nobody uses end by themselves, and keep no process alive.
  }
}
