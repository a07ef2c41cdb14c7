import type { Digest, RepositoryName } from '@atoll/core';
import { holdSmall, type CallOptions, type Chunks, type ObjectStore } from '@atoll/storage';
import type { BlobAdoption } from './blob-adoption.js';
import type { BlobLinks } from './blob-links.js';
import { newBlobKey, type BlobLocation } from './blob-location.js';
import type { BlobRecords } from './blob-records.js';
import type { HashThread } from './hash-thread.js';
import { oneChunk } from './one-chunk.js';
import { SMALL_BLOB_BYTES, type SmallBlobs } from './small-blobs.js';
import { verifyBytes, VerifiedChunks } from './verified-chunks.js';

export interface BlobIntakeParts {
  readonly store: ObjectStore;
  readonly links: BlobLinks;
  readonly records: BlobRecords;
  readonly adoption: BlobAdoption;
  readonly small: SmallBlobs;
  readonly hashes: HashThread;
}

/** Stores content that comes in one stream as a blob: nothing of it is visible unless it is what it is said to be. */
export class BlobIntake {
  constructor(private readonly parts: BlobIntakeParts) {}

  /** @throws RegistryError DIGEST_INVALID or SIZE_INVALID */
  async store(
    repository: RepositoryName,
    digest: Digest,
    chunks: Chunks,
    { signal, sizeBytes }: CallOptions & { readonly sizeBytes?: number | undefined },
  ): Promise<BlobLocation> {
    const held = await holdSmall(chunks, SMALL_BLOB_BYTES, { signal });
    if (held.small === undefined) {
      const verified = new VerifiedChunks(held.all, digest, this.parts.hashes, sizeBytes);
      return this.#storeLarge(repository, digest, verified, { signal }).finally(held.end);
    }
    verifyBytes(held.small, digest, sizeBytes);
    const location = await this.#storeSmall(repository, digest, held.small, { signal });
    this.parts.small.put(digest, held.small);
    return location;
  }

  async #storeLarge(
    repository: RepositoryName,
    digest: Digest,
    verified: VerifiedChunks,
    o: CallOptions,
  ): Promise<BlobLocation> {
    try {
      return await this.#storeData(repository, digest, verified, o);
    } catch (cause) {
      throw verified.failure ?? cause;
    }
  }

  async #storeData(
    repository: RepositoryName,
    digest: Digest,
    verified: Chunks,
    o: CallOptions,
  ): Promise<BlobLocation> {
    const { store, adoption } = this.parts;
    const dataKey = newBlobKey(digest);
    const { sizeBytes } = await store.putData(dataKey, verified, o);
    return adoption.adopt(repository, digest, dataKey, sizeBytes, o);
  }

  /**
   * Where all is new, and the store can, bytes, link and record are written together, in the order of {@link BlobAdoption.adopt}; else
   * what is left goes one by one.
   */
  async #storeSmall(repository: RepositoryName, digest: Digest, body: Buffer, o: CallOptions): Promise<BlobLocation> {
    const { store, links, records, adoption } = this.parts;
    if (store.putInOrder === undefined) return this.#storeData(repository, digest, oneChunk(body), o);
    const dataKey = newBlobKey(digest);
    const { record, put } = records.fresh(digest, { data: dataKey, size: body.length, home: repository });
    const data = { key: dataKey, body, condition: { blind: true } } as const;
    const [, linked, recorded] = await store.putInOrder([data, links.fresh(repository, digest), put], o);
    if (linked === 'conflict') await links.ensure(repository, digest, { ...o, probablyNew: false });
    return recorded === undefined || recorded === 'conflict'
      ? adoption.record(repository, digest, record, { ...o, probablyNew: recorded === undefined })
      : adoption.recorded(repository, digest, record, o);
  }
}
