import type { ObjectInfo, Version } from '@atoll/storage';
import { AzureFailure } from './azure-failure.js';

/** What answers tell of a blob; every field may be missing in what a server sends. */
interface Told {
  readonly etag?: string;
  readonly lastModified?: Date;
}

/** @throws AzureFailure when the answer lacks what every server tells */
export function objectInfo(key: string, { etag, lastModified }: Told, sizeBytes: number | undefined): ObjectInfo {
  if (lastModified === undefined || sizeBytes === undefined) throw new AzureFailure('lost', 'IncompleteAnswer');
  return { key, sizeBytes, version: versionOf(etag), modified: lastModified };
}

/** Lists leave the quotes out. @throws AzureFailure when there is no ETag */
export function versionOf(etag: string | undefined): Version {
  const bare = etag?.replace(/^"|"$/g, '');
  if (bare === undefined || bare === '') throw new AzureFailure('lost', 'AnswerWithoutETag');
  return bare;
}

/** As conditions name it. */
export function etagOf(version: Version): string {
  return `"${version}"`;
}
