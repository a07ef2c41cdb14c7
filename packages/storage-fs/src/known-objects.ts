import type { Version } from '@atoll/storage';
import type { Change, Known, ObjectCache } from './object-cache.js';
import type { Left, OwnedFolders } from './owned-folders.js';
import type { StorePaths } from './store-paths.js';
import type { Written } from './written.js';

export interface KnownObjectsParts {
  readonly paths: StorePaths;
  // Both are absent where another process writes.
  readonly cache: ObjectCache | undefined;
  readonly owned: OwnedFolders | undefined;
}

/** What this process knows of objects without asking the disk, kept right as long as every change of one is announced here. */
export class KnownObjects {
  readonly #paths: StorePaths;
  readonly #cache: ObjectCache | undefined;
  readonly #owned: OwnedFolders | undefined;

  constructor({ paths, cache, owned }: KnownObjectsParts) {
    this.#paths = paths;
    this.#cache = cache;
    this.#owned = owned;
  }

  /**
   * What is known of an object; before a change of it is announced, as it may be there from then on.
   * @throws StorageError 'invalid-key'
   */
  recall(key: string): Known | undefined {
    const cached = this.#cache?.get(key);
    if (cached !== undefined) return cached;
    this.#paths.objectOf(key);
    return this.#owned?.lacks(key) ? 'absent' : undefined;
  }

  /** What this process keeps of the objects is right, as no other writes them. */
  versionAtHand(key: string): Version | undefined {
    const known = this.#cache?.get(key);
    return known === 'absent' ? undefined : known?.info.version;
  }

  /** As {@link ObjectCache.beginFill}; `undefined` where nothing is kept. */
  beginFill(key: string): ((found: Known | undefined) => void) | undefined {
    return this.#cache?.beginFill(key);
  }

  /** Runs a change, with the cache and the lists kept right. */
  async change<T extends Change & Left>(key: string, task: () => Promise<T>): Promise<T> {
    const change = () => this.#cache?.write(key, task) ?? task();
    return this.#owned?.change(key, change) ?? change();
  }

  /** As {@link change}, of several keys that change together. */
  async changeAll(keys: readonly string[], task: () => Promise<Written[]>): Promise<Written[]> {
    // All of them are announced before it begins.
    const all = Promise.resolve().then(task);
    return Promise.all(keys.map((key, at) => this.change(key, async () => (await all)[at] ?? {})));
  }
}
