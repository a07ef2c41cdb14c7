import type { Digest } from '@atoll/core';
import type { CallOptions, ReadableStore } from '@atoll/storage';
import { LRUCache } from 'lru-cache';
import { locationOf, type BlobLocation } from './blob-location.js';
import { readRecord, type BlobRecord } from './blob-records.js';

const REMEMBERED_RECORDS = 50_000;
/** Far below the day for which a data object outlives its record. */
const REMEMBERED_MS = 60 * 60 * 1000;

/** Where the region has its digests: a record is read once, and remembered for a while. */
export class BlobLocations {
  // `maxSize` and not `max`: the cache grows as it fills, and does not begin with room for everything.
  readonly #remembered = new LRUCache<Digest, BlobLocation>({
    maxSize: REMEMBERED_RECORDS,
    sizeCalculation: () => 1,
    ttl: REMEMBERED_MS,
  });

  constructor(private readonly store: Pick<ReadableStore, 'get'>) {}

  async find(digest: Digest, o: CallOptions): Promise<BlobLocation | undefined> {
    const known = this.#remembered.get(digest);
    if (known) return known;
    const record = await readRecord(this.store, digest, o);
    return record && this.remember(digest, record);
  }

  remember(digest: Digest, record: BlobRecord): BlobLocation {
    const location = locationOf(digest, record);
    this.#remembered.set(digest, location);
    return location;
  }

  forget(digest: Digest): void {
    this.#remembered.delete(digest);
  }
}
