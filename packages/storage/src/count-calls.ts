import { interceptStore, type StoreOperation } from './intercept-store.js';
import type { ObjectStore } from './object-store.js';

export interface CallCounter {
  /** The store to hand out; what is called through it is counted. */
  readonly store: ObjectStore;
  /** Every call since the last reset, in order. */
  readonly log: readonly { readonly op: StoreOperation; readonly key: string }[];
  /** Calls per operation since the last reset; operations that were not called are absent. */
  calls(): Partial<Record<StoreOperation, number>>;
  reset(): void;
}

/** Counts what a service asks of a store, for tests that hold the number of calls of an operation. */
export function countCalls(store: ObjectStore): CallCounter {
  const log: { op: StoreOperation; key: string }[] = [];
  return {
    store: interceptStore(store, (op, key, call) => {
      log.push({ op, key });
      return call();
    }),
    log,
    calls() {
      const counts: Partial<Record<StoreOperation, number>> = {};
      for (const { op } of log) counts[op] = (counts[op] ?? 0) + 1;
      return counts;
    },
    reset() {
      log.length = 0;
    },
  };
}
