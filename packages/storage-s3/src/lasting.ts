import type { IncomingHttpHeaders } from 'node:http';
import { StorageError } from '@atoll/storage';

/**
 * Refuses what a lifecycle rule of the bucket is going to remove: S3 tells of it when it acknowledges a write. The object is there all the
 * same, and whoever wrote it learns that it must not be relied on.
 * @throws StorageError 'unavailable'
 */
export function checkLasting(headers: IncomingHttpHeaders, url: string, key: string): void {
  checkExpiration(headers['x-amz-expiration'], url, key);
}

/** The same of what the SDK has read. @throws StorageError 'unavailable' */
export function checkExpiration(told: string | readonly string[] | undefined, url: string, key: string): void {
  if (told === undefined) return;
  const rule = /rule-id="([^"]*)"/.exec(String(told))?.[1] ?? '';
  throw new StorageError(
    'unavailable',
    `${url}: a lifecycle rule of the bucket removes objects that are in use ("${rule}"); limit it to unfinished uploads`,
    { key },
  );
}
