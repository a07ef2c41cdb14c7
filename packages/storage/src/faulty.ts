import { interceptStore, type StoreOperation } from './intercept-store.js';
import type { ObjectStore } from './object-store.js';
import { StorageError } from './storage-error.js';

/** Which calls fail, and how. What is left out matches every call. */
export interface Fault {
  readonly op?: StoreOperation | readonly StoreOperation[];
  /** A part of the key, or a test of it; of the prefix where the operation is `list`. */
  readonly key?: string | ((key: string) => boolean);
  /** Only the nth call that matches, from 1. */
  readonly nth?: number;
  /** `before`: the call does not happen. `after`: it takes effect and its answer is lost. */
  readonly when: 'before' | 'after';
  /** By default a StorageError 'unavailable'. */
  readonly error?: () => Error;
}

/**
 * A store whose chosen calls fail, for tests of what services do about it. The first fault that matches a call decides, and every
 * fault counts every call that matches it. `plan` is read at each call, so a test may add to it and empty it.
 */
export function faulty(store: ObjectStore, plan: readonly Fault[]): ObjectStore {
  const seen = new Map<Fault, number>();
  return interceptStore(store, async (op, key, call) => {
    const due = plan.filter((fault) => matches(fault, op, key) && count(seen, fault));
    const fault = due[0];
    if (fault === undefined) return call();
    if (fault.when === 'after') await call();
    throw fault.error?.() ?? new StorageError('unavailable', `${op} of ${key} fails ${fault.when} it happens`, { key });
  });
}

function matches(fault: Fault, op: StoreOperation, key: string): boolean {
  if (fault.op !== undefined && ![fault.op].flat().includes(op)) return false;
  return typeof fault.key === 'function' ? fault.key(key) : key.includes(fault.key ?? '');
}

/** Counts a call and tells whether it is one that the fault is for. */
function count(seen: Map<Fault, number>, fault: Fault): boolean {
  const calls = (seen.get(fault) ?? 0) + 1;
  seen.set(fault, calls);
  return fault.nth === undefined || fault.nth === calls;
}
