import { interceptStore } from './intercept-store.js';
import type { DeleteCondition, ObjectStore } from './object-store.js';
import type { ProbeFindings } from './probe-store.js';
import { StorageError } from './storage-error.js';

/** The store, claiming no more than the probe has found: some servers accept the condition of a delete and ignore it. */
export function asFound(store: ObjectStore, { conditionalDelete }: ProbeFindings): ObjectStore {
  if (conditionalDelete || !store.capabilities.conditionalDelete) return store;
  return {
    ...interceptStore(store, (_operation, _key, call) => call()),
    capabilities: { ...store.capabilities, conditionalDelete: false },
    delete: async (key: string, condition: DeleteCondition, o) => {
      if ('blind' in condition) return store.delete(key, condition, o);
      throw new StorageError('unsupported', `${store.url} cannot delete one version only`, { key });
    },
  };
}
