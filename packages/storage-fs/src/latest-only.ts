import { StorageError } from '@atoll/storage';

interface Turn {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/**
 * Lets one task at a time work on a key: a later one stops the earlier one and begins when that has ended. It keeps a request that
 * stalls, and that its client has given up, from writing into the file that its successor completes.
 */
export class LatestOnly {
  readonly #turns = new Map<string, Turn>();

  async run<T>(key: string, task: (stopped: AbortSignal) => Promise<T>): Promise<T> {
    const before = this.#turns.get(key);
    before?.stop.abort(new StorageError('unavailable', `another request has taken over the upload of ${key}`, { key }));
    const stop = new AbortController();
    const result = (before?.ended ?? Promise.resolve()).then(() => task(stop.signal));
    const turn = { stop, ended: result.then(nothing, nothing) };
    this.#turns.set(key, turn);
    try {
      return await result;
    } finally {
      if (this.#turns.get(key) === turn) this.#turns.delete(key);
    }
  }
}

const nothing = (): void => undefined;
