import {
  compareKeys,
  StorageError,
  type CallOptions,
  type Listed,
  type ListOptions,
  type ObjectInfo,
} from '@atoll/storage';
import type { BlobItem, ContainerListBlobFlatSegmentResponse } from '@azure/storage-blob';
import type { AzureCalls } from './azure-calls.js';
import { AzureFailure } from './azure-failure.js';
import { toStorageError } from './failure-meaning.js';
import { objectInfo } from './object-info.js';
import type { Place } from './place.js';

/** What one request answers at most, whatever it asks for. */
const MOST_BLOBS = 5_000;

/** Codes of a server that does not know where a list is to begin. */
const CANNOT_SEEK = new Set(['InvalidQueryParameterValue', 'UnsupportedQueryParameter', 'InvalidInput']);

export class AzureLister {
  #seeks = true;

  constructor(
    private readonly calls: AzureCalls,
    private readonly place: Place,
  ) {}

  /** Pages may be shorter than asked for, or empty: more are read until `limit` keys are there or none follows. */
  async list(prefix: string, { signal, after = '', limit }: ListOptions): Promise<Listed> {
    const inside = after.startsWith(prefix);
    // Whatever begins with the prefix comes before this key.
    if (!inside && compareKeys(after, prefix) > 0) return { entries: [], more: false };
    const entries: ObjectInfo[] = [];
    let seen = '';
    let marker: string | undefined;
    try {
      do {
        const page = await this.#page(prefix, inside ? after : '', limit - entries.length, marker, { signal });
        const listed = this.#inOrder(page.segment.blobItems, seen);
        entries.push(...listed.filter(({ key }) => compareKeys(key, after) > 0));
        seen = listed.at(-1)?.key ?? seen;
        marker = nextMarker(page, marker);
      } while (marker !== undefined && entries.length <= limit);
    } catch (cause) {
      throw toStorageError(cause, this.place.url);
    }
    return { entries: entries.slice(0, limit), more: entries.length > limit };
  }

  /**
   * A page from `after` on. The server counts from `after` itself, which makes one entry more than is wanted, and one more tells
   * whether anything follows. What is before `after`, from a server that begins at the prefix all the same, the caller leaves out.
   */
  async #page(
    prefix: string,
    after: string,
    wanted: number,
    continuationToken: string | undefined,
    { signal }: CallOptions,
  ): Promise<ContainerListBlobFlatSegmentResponse> {
    const seek = after !== '' && this.#seeks;
    const maxPageSize = after !== '' && !seek ? MOST_BLOBS : Math.min(wanted + 2, MOST_BLOBS);
    try {
      return await this.calls.send(
        async ({ abortSignal }) => {
          const pages = this.place.container
            .listBlobsFlat({
              prefix: this.place.prefix + prefix,
              abortSignal,
              ...(seek && { startFrom: this.place.prefix + after }),
            })
            .byPage({ maxPageSize, ...(continuationToken !== undefined && { continuationToken }) });
          const page = await pages.next();
          if (page.done === true) throw new AzureFailure('lost', 'AnswerWithoutPage');
          return page.value;
        },
        { signal },
      );
    } catch (cause) {
      if (!seek || !(cause instanceof AzureFailure) || !CANNOT_SEEK.has(cause.code)) throw cause;
      this.#seeks = false;
      return this.#page(prefix, after, wanted, continuationToken, { signal });
    }
  }

  /** @throws StorageError 'unsupported' where a server lists in another order, as one with a hierarchical namespace does */
  #inOrder(items: readonly BlobItem[], from: string): ObjectInfo[] {
    let last = from;
    return items.map(({ name, properties }) => {
      const info = objectInfo(this.place.keyOf(name), properties, properties.contentLength);
      if (last !== '' && compareKeys(info.key, last) <= 0) {
        throw new StorageError(
          'unsupported',
          `${this.place.url} does not list keys in the order of their bytes: the account must have no hierarchical namespace`,
        );
      }
      last = info.key;
      return info;
    });
  }
}

/** @throws AzureFailure for a server that goes round in circles */
function nextMarker({ continuationToken }: ContainerListBlobFlatSegmentResponse, before?: string): string | undefined {
  if (continuationToken === undefined || continuationToken === '') return undefined;
  if (continuationToken === before) throw new AzureFailure('lost', 'EndlessList');
  return continuationToken;
}
