import { StorageError } from '@atoll/storage';

/**
 * Refuses what a lifecycle rule of the bucket is going to remove: S3 tells of it when it acknowledges a write. The object is there all the
 * same, and whoever wrote it learns that it must not be relied on.
 * @throws StorageError 'unavailable'
 */
export function checkLasting(
  { Expiration }: { readonly Expiration?: string | undefined },
  url: string,
  key: string,
): void {
  if (Expiration === undefined) return;
  const rule = /rule-id="([^"]*)"/.exec(Expiration)?.[1] ?? '';
  throw new StorageError(
    'unavailable',
    `${url}: a lifecycle rule of the bucket removes objects that are in use ("${rule}"); limit it to unfinished uploads`,
    { key },
  );
}
