import type { CallOptions, ObjectInfo, ReadableStore } from './object-store.js';
import { StorageError } from './storage-error.js';

/** What is to be copied by its store; `undefined` when it is not there. @throws StorageError 'corrupt' when it has another size */
export async function findSource(
  store: Pick<ReadableStore, 'url' | 'head'>,
  key: string,
  { sizeBytes, signal }: CallOptions & { readonly sizeBytes: number },
): Promise<ObjectInfo | undefined> {
  const found = await store.head(key, { signal });
  if (found === undefined || found.sizeBytes === sizeBytes) return found;
  throw new StorageError('corrupt', `${store.url}: ${key} has ${found.sizeBytes} bytes, not ${sizeBytes}`, { key });
}
