import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryError } from '@atoll/core';
import type { CallOptions, ObjectStore, Version } from '@atoll/storage';
import { readObject, type Codec } from './json-object.js';

/** With the pauses below, ten seconds on average: what a hot key on a store with one write a second needs. */
const MAX_ATTEMPTS = 28;
const FIRST_PAUSE_MS = 5;
const MAX_PAUSE_MS = 1000;

export interface UpdateOptions extends CallOptions {
  /** The object is probably new: the first attempt creates it without reading, and only a conflict reads. */
  readonly probablyNew?: boolean;
}

export interface Updated<T> {
  /** What is stored now, by this call or, when nothing was to change, by another. */
  readonly value: T;
  readonly version: Version;
  /** What stood there before; `unchanged` means nothing was written. */
  readonly outcome: 'created' | 'replaced' | 'unchanged';
}

/**
 * Applies `change` to the object at `key`, starting again whenever another writer got in between.
 * `change` may run several times, so it must be pure; it is given `undefined` where there is no object, and answers `undefined` to
 * leave things as they are. The answer is `undefined` only when there was no object and none was to be made.
 * @throws RegistryError TOOMANYREQUESTS after about ten seconds of lost races
 */
export async function updateObject<T>(
  store: Pick<ObjectStore, 'get' | 'put'>,
  key: string,
  codec: Codec<T>,
  change: (old: T | undefined) => T | undefined,
  o: UpdateOptions = {},
): Promise<Updated<T> | undefined> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    // A lost race for an object thought new is the normal way to learn that it is not: no pause before looking.
    if (attempt > (o.probablyNew ? 1 : 0)) await pause(attempt, o.signal);
    const old = attempt === 0 && o.probablyNew ? undefined : await readObject(store, key, codec, o);
    const value = change(old?.value);
    if (value === undefined) {
      if (attempt === 0 && o.probablyNew) continue;
      return old && { ...old, outcome: 'unchanged' };
    }
    const condition = old ? { ifVersion: old.version } : ({ ifAbsent: true } as const);
    const put = await store.put(key, codec.encode(value), condition, { signal: o.signal });
    if (put !== 'conflict') return { value, version: put.version, outcome: old ? 'replaced' : 'created' };
  }
  throw new RegistryError('TOOMANYREQUESTS', 'too many writers at once for this name, try again', {
    headers: { 'Retry-After': '2' },
  });
}

/** Full jitter: writers that collided once spread out instead of meeting again. */
async function pause(attempt: number, signal: AbortSignal | undefined): Promise<void> {
  const limit = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
  await sleep(Math.random() * limit, undefined, { signal });
}
