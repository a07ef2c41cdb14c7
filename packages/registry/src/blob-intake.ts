import type { Digest, RepositoryName } from '@atoll/core';
import { holdSmall, type CallOptions, type Chunks, type ObjectStore } from '@atoll/storage';
import type { BlobAdoption } from './blob-adoption.js';
import type { BlobLinks } from './blob-links.js';
import { newBlobKey, type BlobLocation } from './blob-location.js';
import type { BlobRecords } from './blob-records.js';
import type { HashThread } from './hash-thread.js';
import { CopiedChunks, isSmallBlob, SMALL_BLOB_BYTES, type SmallBlobs } from './small-blobs.js';
import { VerifiedChunks } from './verified-chunks.js';

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
    o: CallOptions & { readonly sizeBytes?: number | undefined },
  ): Promise<BlobLocation> {
    const { signal, sizeBytes = 0 } = o;
    const verified = new VerifiedChunks(chunks, digest, this.parts.hashes, o.sizeBytes);
    const inOrder = this.parts.store.putInOrder !== undefined && isSmallBlob({ sizeBytes });
    try {
      return await (inOrder
        ? this.#storeInOrder(repository, digest, verified, { signal })
        : this.#storeStream(repository, digest, verified, { signal }));
    } catch (cause) {
      throw verified.failure ?? cause;
    }
  }

  async #storeStream(
    repository: RepositoryName,
    digest: Digest,
    verified: Chunks,
    o: CallOptions,
  ): Promise<BlobLocation> {
    const { store, adoption, small } = this.parts;
    const dataKey = newBlobKey(digest);
    const copied = new CopiedChunks(verified);
    const { sizeBytes } = await store.putData(dataKey, copied, o);
    const location = await adoption.adopt(repository, digest, dataKey, sizeBytes, o);
    if (copied.bytes) small.put(digest, copied.bytes);
    return location;
  }

  /**
   * Where all is new, bytes, link and record are written together, in the order of {@link BlobAdoption.adopt}; else what is left goes
   * one by one.
   */
  async #storeInOrder(
    repository: RepositoryName,
    digest: Digest,
    verified: Chunks,
    o: CallOptions,
  ): Promise<BlobLocation> {
    const { store, links, records, adoption, small } = this.parts;
    const held = await holdSmall(verified, SMALL_BLOB_BYTES, o);
    if (held.small === undefined) return this.#storeStream(repository, digest, held.all, o).finally(held.end);
    const body = held.small;
    const dataKey = newBlobKey(digest);
    const { record, put } = records.fresh(digest, { data: dataKey, size: body.length, home: repository });
    const data = { key: dataKey, body, condition: { blind: true } } as const;
    const outcomes = await store.putInOrder?.([data, links.fresh(repository, digest), put], o);
    const [, linked, recorded] = outcomes ?? [];
    if (linked === 'conflict') await links.ensure(repository, digest, { ...o, probablyNew: false });
    const location = await (recorded === undefined || recorded === 'conflict'
      ? adoption.record(repository, digest, record, { ...o, probablyNew: recorded === undefined })
      : adoption.recorded(repository, digest, record, o));
    small.put(digest, body);
    return location;
  }
}
