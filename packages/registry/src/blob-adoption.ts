import { RegistryError, type Digest, type RepositoryName } from '@atoll/core';
import type { CallOptions, ObjectStore } from '@atoll/storage';
import type { BlobLinks } from './blob-links.js';
import type { BlobLocation } from './blob-location.js';
import type { BlobLocations } from './blob-locations.js';
import type { BlobRecord, BlobRecords } from './blob-records.js';
import type { UpdateOptions } from './cas.js';

export interface BlobAdoptionParts {
  readonly store: ObjectStore;
  readonly links: BlobLinks;
  readonly records: BlobRecords;
  readonly locations: BlobLocations;
  /** Told of every repository that gets a blob. */
  readonly catalog: { ensure(repository: RepositoryName, o: CallOptions): Promise<void> };
}

/** Makes bytes that the region has a blob of a repository, in an order that leaves nothing which a collector could take away. */
export class BlobAdoption {
  constructor(private readonly parts: BlobAdoptionParts) {}

  /**
   * The caller has verified the bytes at `dataKey`. The link comes first: a record without one could be collected before it. Where the
   * region has the digest already, `dataKey` is deleted. Safe to repeat.
   * @throws RegistryError BLOB_UPLOAD_UNKNOWN when the bytes at `dataKey` were a blob once and were given up
   */
  async adopt(
    repository: RepositoryName,
    digest: Digest,
    dataKey: string,
    sizeBytes: number,
    o: CallOptions,
  ): Promise<BlobLocation> {
    await this.parts.links.ensure(repository, digest, o);
    return this.record(repository, digest, { data: dataKey, size: sizeBytes }, o);
  }

  /** Names the bytes of a blob that is linked, or deletes them where others are named. @throws as {@link adopt} */
  async record(
    repository: RepositoryName,
    digest: Digest,
    { data, size }: Pick<BlobRecord, 'data' | 'size'>,
    { probablyNew = true, ...o }: UpdateOptions,
  ): Promise<BlobLocation> {
    const { records, store } = this.parts;
    const record = await records.ensure(digest, { data, size, home: repository }, { probablyNew, ...o });
    if (record.st === 'dead') throw givenUp(digest);
    if (record.data !== data) await store.delete(data, { blind: true }, o);
    return this.recorded(repository, digest, record, o);
  }

  /** The repository has the blob; now it is there, too. */
  async recorded(
    repository: RepositoryName,
    digest: Digest,
    record: BlobRecord,
    o: CallOptions,
  ): Promise<BlobLocation> {
    await this.parts.catalog.ensure(repository, o);
    return this.parts.locations.remember(digest, record);
  }

  /** Links a digest that the region had a moment ago; `undefined` when the record is gone now that the link is there. */
  async linkRecorded(repository: RepositoryName, digest: Digest, o: CallOptions): Promise<BlobLocation | undefined> {
    await this.parts.links.ensure(repository, digest, o);
    const record = await this.parts.records.rescue(digest, o);
    return record && this.recorded(repository, digest, record, o);
  }
}

/** An upload that was closed long ago, and whose blob was deleted since: its bytes are about to go. */
function givenUp(digest: Digest): RegistryError {
  return new RegistryError('BLOB_UPLOAD_UNKNOWN', 'the blob was deleted since this upload; upload it again', {
    detail: { digest },
  });
}
