import type { Digest, RepositoryName } from '@atoll/core';
import type { CallOptions, Chunks, ObjectStore } from '@atoll/storage';
import type { BlobAdoption } from './blob-adoption.js';
import type { BlobIntake } from './blob-intake.js';
import { newBlobKey, type BlobPlace } from './blob-location.js';
import type { BlobLocations } from './blob-locations.js';

/** A blob of another region. */
export interface BlobSource {
  /** Where its bytes are; `undefined` when that is not known, or when they are not there. */
  place(): Promise<BlobPlace | undefined>;
  /** Its bytes, all of them or those from `start` on. What goes wrong there is thrown while they are read. */
  chunks(o?: { readonly start?: number }): Chunks;
}

export interface CopyOptions extends CallOptions {
  /** Reads and verifies the bytes in place of {@link BlobIntake.store}, where they cannot be copied. */
  readonly stream?: () => Promise<void>;
}

export interface BlobCopiesParts {
  readonly store: ObjectStore;
  readonly locations: BlobLocations;
  readonly adoption: BlobAdoption;
  readonly intake: BlobIntake;
}

/** Takes in blobs of other regions. */
export class BlobCopies {
  constructor(private readonly parts: BlobCopiesParts) {}

  /**
   * Nothing is asked of `source` where this region has the digest already. Where the two buckets can, the bytes are copied without
   * passing through here (docs/adr/0009-copy-between-buckets.md); else they are read and verified, by `stream` if that is given.
   * @throws RegistryError DIGEST_INVALID or SIZE_INVALID
   */
  async copyIn(
    repository: RepositoryName,
    digest: Digest,
    sizeBytes: number,
    source: BlobSource,
    { stream, ...o }: CopyOptions,
  ): Promise<void> {
    const { locations, adoption, intake } = this.parts;
    if ((await locations.find(digest, o)) && (await adoption.linkRecorded(repository, digest, o))) return;
    const dataKey = await this.#copyData(digest, sizeBytes, source, o);
    if (dataKey !== undefined) await adoption.adopt(repository, digest, dataKey, sizeBytes, o);
    else if (stream) await stream();
    else await intake.store(repository, digest, source.chunks(), { ...o, sizeBytes });
  }

  /** The new data object's key; `undefined` when its bytes must be read. A size that is not as told is found out by reading, too. */
  async #copyData(
    digest: Digest,
    sizeBytes: number,
    source: BlobSource,
    { signal }: CallOptions,
  ): Promise<string | undefined> {
    const { store } = this.parts;
    const place = await source.place();
    if (place === undefined || place.location.sizeBytes !== sizeBytes) return undefined;
    const dataKey = newBlobKey(digest);
    const from = place.location.dataKey;
    const copied = await store.copyFrom(place.store, from, dataKey, { sizeBytes, signal });
    if (copied === undefined || copied.sizeBytes === sizeBytes) return copied && dataKey;
    await store.delete(dataKey, { blind: true });
    return undefined;
  }
}
