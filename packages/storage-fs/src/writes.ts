import { StorageError } from '@atoll/storage';
import type { StorePaths } from './store-paths.js';
import { toStorageError } from './to-storage-error.js';

/** All calls that write: none begins where only reading is allowed or once the store is closed, which waits for those under way. */
export class Writes {
  readonly #running = new Set<Promise<unknown>>();
  #closed = false;

  constructor(
    private readonly paths: StorePaths,
    private readonly readOnly: boolean,
  ) {}

  /** @throws StorageError 'read-only', 'full', 'invalid-key' or 'unavailable' */
  async run<T>(key: string, signal: AbortSignal | undefined, task: (path: string) => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const path = this.pathOf(key);
    const running = task(path);
    this.#running.add(running);
    try {
      return await running;
    } catch (cause) {
      throw toStorageError(cause, path, key);
    } finally {
      this.#running.delete(running);
    }
  }

  /** Where an object may be written. @throws StorageError 'read-only', 'unavailable' once closed, or 'invalid-key' */
  pathOf(key: string): string {
    const { root } = this.paths;
    if (this.readOnly) throw new StorageError('read-only', `${root} is open for reading only`, { key });
    if (this.#closed) throw new StorageError('unavailable', `${root} is closed`, { key });
    return this.paths.objectOf(key);
  }

  /** Lets no other begin, and answers when those under way have ended, however they ended. Safe to repeat. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#running);
  }
}
