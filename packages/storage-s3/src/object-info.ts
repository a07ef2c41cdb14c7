import type { IncomingHttpHeaders } from 'node:http';
import { sizeInRange, type ObjectInfo, type Version } from '@atoll/storage';
import { S3Failure } from './s3-failure.js';

/** What answers tell of an object; every field may be missing in what a server sends. */
interface Told {
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
}

/** What an answer's headers tell. `sizeBytes`: of the whole object, where the answer holds some of it, too. */
export function toldBy(headers: IncomingHttpHeaders): Told & { readonly sizeBytes: number | undefined } {
  const modified = new Date(headers['last-modified'] ?? '');
  const length = headers['content-length'];
  const range = headers['content-range'];
  return {
    ETag: headers.etag,
    ...(!Number.isNaN(modified.getTime()) && { LastModified: modified }),
    sizeBytes: range === undefined ? (length === undefined ? undefined : Number(length)) : sizeInRange(range),
  };
}

/** @throws S3Failure when the answer lacks what every S3 server tells */
export function objectInfo(key: string, { ETag, LastModified }: Told, sizeBytes: number | undefined): ObjectInfo {
  if (LastModified === undefined || sizeBytes === undefined) throw new S3Failure('lost', 'IncompleteAnswer');
  // Lists tell fractions of a second on some servers, heads never.
  const modified = new Date(Math.floor(LastModified.getTime() / 1000) * 1000);
  return { key, sizeBytes, version: versionOf(ETag), modified };
}

/** Some servers leave the quotes out in lists. @throws S3Failure when there is no ETag */
export function versionOf(tag: string | undefined): Version {
  const bare = tag?.replace(/^W\//, '').replace(/^"|"$/g, '');
  if (bare === undefined || bare === '') throw new S3Failure('lost', 'AnswerWithoutETag');
  return bare;
}

/** As conditions name it. */
export function etagOf(version: Version): string {
  return `"${version}"`;
}
