import type { ObjectStore } from './object-store.js';
import { putOneByOne } from './put-one-by-one.js';

export type StoreOperation = Exclude<
  keyof ObjectStore,
  'url' | 'wraps' | 'capabilities' | 'inspect' | 'versionAtHand' | 'putInOrder' | 'close'
>;

/** Runs before, after or instead of a call; `key` is the prefix where the operation is `list`. */
export type Interceptor = <T>(operation: StoreOperation, key: string, call: () => Promise<T>) => Promise<T>;

/**
 * The same store with `around` about every call but `close`; it has no version at hand, so that every read is a call, what it puts in
 * order are calls of `put`, and it tells no settings (`inspect`).
 */
export function interceptStore(store: ObjectStore, around: Interceptor): ObjectStore {
  const put: ObjectStore['put'] = (key, body, condition, o) =>
    around('put', key, () => store.put(key, body, condition, o));
  return {
    url: store.url,
    wraps: store,
    capabilities: store.capabilities,
    get: (key, o) => around('get', key, () => store.get(key, o)),
    open: (key, o) => around('open', key, () => store.open(key, o)),
    head: (key, o) => around('head', key, () => store.head(key, o)),
    put,
    ...(store.putInOrder && { putInOrder: (puts, o) => putOneByOne({ put }, puts, o) }),
    delete: (key, condition, o) => around('delete', key, () => store.delete(key, condition, o)),
    list: (prefix, o) => around('list', prefix, () => store.list(prefix, o)),
    putData: (key, chunks, o) => around('putData', key, () => store.putData(key, chunks, o)),
    copyFrom: (source, sourceKey, key, o) => around('copyFrom', key, () => store.copyFrom(source, sourceKey, key, o)),
    beginData: (key, o) => around('beginData', key, () => store.beginData(key, o)),
    writePart: (key, upload, part, chunks, o) =>
      around('writePart', key, () => store.writePart(key, upload, part, chunks, o)),
    completeData: (key, upload, parts, o) =>
      around('completeData', key, () => store.completeData(key, upload, parts, o)),
    abortData: (key, upload, o) => around('abortData', key, () => store.abortData(key, upload, o)),
    presignGet: (key, o) => around('presignGet', key, () => store.presignGet(key, o)),
    close: () => store.close(),
  };
}
