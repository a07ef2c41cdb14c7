import { encodeJson } from '@atoll/registry';
import type { CallOptions, ObjectInfo, ObjectStore } from '@atoll/storage';

/** Holds nothing but its nonce, so that a listing tells it from every other mark by its length. */
const CLEAN_BYTES = encodeJson({}).length;

/** The body of a mark that says why a repository is to be compared. */
export function dirtyMark(at: number, reason: string): Buffer {
  return encodeJson({ at, reason });
}

/** Whether what stands at a marker's key asks for a comparison. */
export function isDirtyMark({ sizeBytes }: Pick<ObjectInfo, 'sizeBytes'>): boolean {
  return sizeBytes > CLEAN_BYTES;
}

/**
 * Takes a mark away unless the repository was marked again since it was read. A store that cannot delete one version only keeps a
 * clean mark in its place: a blind delete could take the newer mark, and with it the change that it stands for.
 */
export async function clearMark(
  store: Pick<ObjectStore, 'capabilities' | 'put' | 'delete'>,
  { key, version }: Pick<ObjectInfo, 'key' | 'version'>,
  { signal }: CallOptions = {},
): Promise<void> {
  const ifVersion = { ifVersion: version };
  if (store.capabilities.conditionalDelete) await store.delete(key, ifVersion, { signal });
  else await store.put(key, encodeJson({}), ifVersion, { signal });
}
