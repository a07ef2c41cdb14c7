import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import type { Digest } from '@atoll/core';
import { StorageError } from '@atoll/storage';
import { LRUCache } from 'lru-cache';
import type { BlobLocation } from './blob-location.js';
import { ownMemory } from './own-memory.js';

export const SMALL_BLOB_BYTES = 65_536;
const KEPT_BYTES = 32 * 1_048_576;
// What an entry takes beside its bytes, roughly.
const ENTRY_BYTES = 500;

/** Whether a blob is read as a whole: most configs and many layers, for which opening a file costs more than all the rest. */
export function isSmallBlob({ sizeBytes }: Pick<BlobLocation, 'sizeBytes'>): boolean {
  return sizeBytes <= SMALL_BLOB_BYTES;
}

/** Bytes of small blobs, for as long as there is room: what has a digest never changes, whoever may read it. */
export class SmallBlobs {
  readonly #kept = new LRUCache<Digest, Buffer>({
    maxSize: KEPT_BYTES,
    sizeCalculation: (bytes) => bytes.length + ENTRY_BYTES,
  });

  has(digest: Digest): boolean {
    return this.#kept.has(digest);
  }

  /** Nobody writes to the answer. */
  get(digest: Digest): Buffer | undefined {
    return this.#kept.get(digest);
  }

  /** Reads all of `body`. @throws what reading throws; StorageError corrupt when there is more or less than the record tells */
  async keep({ digest, sizeBytes, dataKey }: BlobLocation, body: Readable): Promise<Buffer> {
    const bytes = ownMemory(await buffer(body));
    if (bytes.length !== sizeBytes) {
      throw new StorageError('corrupt', `the store sent ${bytes.length} bytes of ${sizeBytes}`, { key: dataKey });
    }
    this.#kept.set(digest, bytes);
    return bytes;
  }

  /** What was just pushed is pulled soon. `bytes` are verified, and in the store. */
  put(digest: Digest, bytes: Uint8Array): void {
    this.#kept.set(digest, ownMemory(bytes));
  }
}
