import { algorithmOf, hexOf, type Digest, type RepositoryName } from '@atoll/core';
import { keys, type CallOptions, type ReadableStore } from '@atoll/storage';
import { readLink } from './blob-links.js';
import { readRecord, type BlobRecord } from './blob-records.js';
import { randomId } from './random-id.js';

/** Where a blob's bytes are. */
export interface BlobLocation {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly dataKey: string;
}

/** A blob's bytes in some region's bucket. */
export interface BlobPlace {
  readonly store: ReadableStore;
  readonly location: BlobLocation;
}

/** The blob's link and record, read at once; both are needed. Works on a peer's store as well. */
export async function findBlob(
  store: Pick<ReadableStore, 'get'>,
  repository: RepositoryName,
  digest: Digest,
  o: CallOptions = {},
): Promise<BlobLocation | undefined> {
  const [link, record] = await Promise.all([readLink(store, repository, digest, o), readRecord(store, digest, o)]);
  return link && record && locationOf(digest, record);
}

export function locationOf(digest: Digest, { data, size }: BlobRecord): BlobLocation {
  return { digest, sizeBytes: size, dataKey: data };
}

/**
 * A fresh key for a data object that no upload session names. It tells the digest it was written for, so that what a crash leaves
 * behind can be told from what is in use by reading one record.
 */
export function newBlobKey(digest: Digest): string {
  return keys.data(`${randomId()}.${algorithmOf(digest)}-${hexOf(digest)}`);
}
