import { StorageError, type KeyedMutex, type Version } from '@atoll/storage';
import type { KnownObjects } from './known-objects.js';
import type { LoggedObjects } from './logged-objects.js';
import type { ObjectFiles } from './object-files.js';
import type { StorePaths } from './store-paths.js';
import { toStorageError } from './to-storage-error.js';
import { unshownVersion } from './versions.js';

export interface LateFilesParts {
  readonly paths: StorePaths;
  /** In which a key has one change at a time. */
  readonly mutex: KeyedMutex;
  readonly logged: LoggedObjects;
  readonly known: KnownObjects;
  readonly objects: ObjectFiles;
  /** How often what is only in the log is looked through for what has been there since the last time. */
  readonly showAfterMs: number;
}

/** Short-lived objects, durable in the log alone: they get their files when they are asked for, when they live on, and at the end. */
export class LateFiles {
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** Nothing is shown any more. */
  #ended = false;

  constructor(private readonly parts: LateFilesParts) {}

  /** Whether an object is only in the log. */
  has(key: string): boolean {
    return this.parts.logged.unshown.get(key) !== undefined;
  }

  /**
   * Makes an object durable in the log alone, while no other call changes the key.
   * @param mayCover whether a file of an earlier object may stand at `path`
   */
  async keep(key: string, path: string, body: Uint8Array, mayCover: boolean): Promise<Version> {
    const { microseconds } = await this.parts.logged.keep(key, path, body, { mayCover });
    this.#showLater();
    return unshownVersion(microseconds);
  }

  /** Makes the file of an object that is only in the log, if it still is when the key's turn comes. */
  async show(key: string): Promise<void> {
    await this.parts.mutex.run(key, () => this.showNow(key));
  }

  /** As {@link show}, while no other call changes the key. */
  async showNow(key: string): Promise<void> {
    const { paths, logged, known, objects } = this.parts;
    const unshown = logged.unshown.get(key);
    if (unshown === undefined) return;
    // The folder may be another's by now.
    if (this.#ended) throw new StorageError('unavailable', `${paths.root} is closed`, { key });
    try {
      await known.change(key, async () => {
        const facts = await logged.show(unshown);
        return { stored: { info: objects.infoOf(key, facts), body: unshown.body }, left: facts };
      });
    } catch (cause) {
      throw toStorageError(cause, unshown.path, key);
    }
  }

  /** Makes files of all that is only in the log. @returns whether there was any */
  async showAll(prefix?: string): Promise<boolean> {
    const { unshown } = this.parts.logged;
    const keys = unshown.keys(prefix);
    // Who has its turn before may show or delete it, and then wait for what this is done for.
    await Promise.all(keys.map((key) => Promise.race([unshown.gone(key), this.show(key)])));
    return keys.length > 0;
  }

  /** Makes the last files; no change may be under way. Safe to repeat. @throws StorageError: what has no file stays in the log */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.showAll().finally(() => (this.#ended = true));
  }

  #showLater(): void {
    const { logged, showAfterMs } = this.parts;
    if (this.#closed || !Number.isFinite(showAfterMs)) return;
    const show = async () => {
      // What fails is tried again the next time; whoever needs it before is told.
      await Promise.allSettled(logged.unshown.takeOld().map((key) => this.show(key)));
      this.#timer = undefined;
      if (!logged.unshown.isEmpty) this.#showLater();
    };
    this.#timer ??= setTimeout(() => void show(), showAfterMs).unref();
  }
}
