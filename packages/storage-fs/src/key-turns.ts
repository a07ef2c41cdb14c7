import type { KeyedMutex } from '@atoll/storage';
import type { KnownObjects } from './known-objects.js';
import type { LateFiles } from './late-files.js';
import type { Change, Known } from './object-cache.js';
import type { Left } from './owned-folders.js';
import type { Writes } from './writes.js';
import type { Written } from './written.js';

export interface KeyTurnsParts {
  readonly writes: Writes;
  readonly mutex: KeyedMutex;
  readonly late: LateFiles;
  readonly known: KnownObjects;
}

/** One change of an object at a time, with the cache and the lists kept right. */
export class KeyTurns {
  constructor(private readonly parts: KeyTurnsParts) {}

  /** The task is told what was known of the object, and finds it shown unless it wants what is not (`unshown`). */
  async run<T extends Change & Left>(
    key: string,
    signal: AbortSignal | undefined,
    task: (path: string, known: Known | undefined) => Promise<T>,
    { unshown = false } = {},
  ): Promise<T> {
    const { writes, mutex, late, known } = this.parts;
    return writes.run(key, signal, (path) =>
      mutex.run(key, async () => {
        signal?.throwIfAborted();
        if (!unshown && late.has(key)) await late.showNow(key);
        const before = known.recall(key);
        return known.change(key, () => task(path, before));
      }),
    );
  }

  /** As {@link run}, of several objects that change together, in the order of which the task is told and answers. */
  async runAll(
    keys: readonly string[],
    signal: AbortSignal | undefined,
    task: (known: readonly (Known | undefined)[]) => Promise<Written[]>,
  ): Promise<Written[]> {
    const { writes, known } = this.parts;
    const [first] = keys;
    if (first === undefined) return [];
    const change = async () => {
      signal?.throwIfAborted();
      const before = keys.map((key) => known.recall(key));
      return known.changeAll(keys, () => task(before));
    };
    // In one order, so that no two wait for each other.
    return writes.run(first, signal, () => this.#locked([...keys].sort(), change));
  }

  /** Runs a task when no other call changes any of the keys, and all of them are shown. */
  async #locked<T>([key, ...others]: readonly string[], task: () => Promise<T>): Promise<T> {
    if (key === undefined) return task();
    return this.parts.mutex.run(key, async () => {
      await this.parts.late.showNow(key);
      return this.#locked(others, task);
    });
  }
}
