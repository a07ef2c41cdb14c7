import { join } from 'node:path';
import { compareKeys, lowerBound, type CallOptions, type ObjectInfo } from '@atoll/storage';
import { LRUCache } from 'lru-cache';
import { unlessAbsent, type FileSystem } from './file-system.js';
import { decodeSegment, encodeSegment, isKey } from './key-path.js';

const STATS_AT_ONCE = 32;
const MAX_CACHED_NAMES = 500_000;
// Longer than the step of any clock that file systems take their times from.
const SETTLED_NS = 1_000_000_000n;

interface Listing {
  readonly changedNs: bigint;
  readonly names: readonly string[];
}

/**
 * Lists keys in the order of their bytes, with as many `stat` calls as a page has entries. It descends only into folders that can
 * hold keys of the page, and reads a folder again only if it has changed since.
 */
export class Lister {
  readonly #files: FileSystem;
  readonly #objects: string;
  readonly #info: (key: string) => Promise<ObjectInfo | undefined>;
  readonly #listings = new LRUCache<string, Listing>({
    maxSize: MAX_CACHED_NAMES,
    sizeCalculation: ({ names }) => names.length + 1,
  });

  constructor(files: FileSystem, objects: string, info: (key: string) => Promise<ObjectInfo | undefined>) {
    this.#files = files;
    this.#objects = objects;
    this.#info = info;
  }

  async list(
    prefix: string,
    { after = '', limit, signal }: CallOptions & { after?: string; limit: number },
  ): Promise<{ entries: ObjectInfo[]; more: boolean }> {
    const entries: ObjectInfo[] = [];
    let batch: string[] = [];
    const parent = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    if (parent !== '' && !isKey(parent.slice(0, -1))) return { entries, more: false };
    for await (const key of this.#walk(parent, prefix, after)) {
      batch.push(key);
      if (batch.length < Math.min(STATS_AT_ONCE, limit + 1 - entries.length)) continue;
      signal?.throwIfAborted();
      entries.push(...(await this.#infos(batch)));
      batch = [];
      if (entries.length > limit) break;
    }
    entries.push(...(await this.#infos(batch)));
    return { entries: entries.slice(0, limit), more: entries.length > limit };
  }

  /** The keys below a folder, itself a prefix that ends in `/` or is empty, in order. */
  async *#walk(folder: string, prefix: string, after: string): AsyncGenerator<string> {
    const names = await this.#namesIn(folder);
    for (let at = this.#firstAt(names, folder, prefix, after); at < names.length; at++) {
      const path = folder + (names[at] ?? '');
      const mayMatch = path.startsWith(prefix) || (path.endsWith('/') && prefix.startsWith(path));
      if (!mayMatch && compareKeys(path, prefix) > 0) return;
      if (!mayMatch) continue;
      if (!path.endsWith('/')) {
        if (compareKeys(path, after) > 0) yield path;
      } else if (after.startsWith(path) || compareKeys(path, after) > 0) yield* this.#walk(path, prefix, after);
    }
  }

  /** The place of the first name that can matter. The one before the bound may be a folder that holds what follows the bound. */
  #firstAt(names: readonly string[], folder: string, prefix: string, after: string): number {
    const bound = compareKeys(after, prefix) > 0 ? after : prefix;
    if (!bound.startsWith(folder)) return 0;
    return Math.max(0, lowerBound(names, bound.slice(folder.length)) - 1);
  }

  /** The segments in a folder, decoded and in order; those that are folders end in `/`, which is also how they sort. */
  async #namesIn(folder: string): Promise<readonly string[]> {
    const path = join(this.#objects, ...folder.split('/').map(encodeSegment));
    const before = await unlessAbsent(this.#files.stat(path, { bigint: true }));
    if (before === undefined) return [];
    const known = this.#listings.get(path);
    if (known?.changedNs === before.mtimeNs) return known.names;
    const names = await this.#read(path);
    // A folder that changed a moment ago may change again without its time telling.
    const settled = BigInt(Date.now()) * 1_000_000n - before.mtimeNs > SETTLED_NS;
    if (settled) this.#listings.set(path, { changedNs: before.mtimeNs, names });
    return names;
  }

  async #read(path: string): Promise<string[]> {
    const names: string[] = [];
    for (const entry of (await unlessAbsent(this.#files.readdir(path, { withFileTypes: true }))) ?? []) {
      const segment = decodeSegment(entry.name);
      if (segment !== undefined) names.push(entry.isDirectory() ? `${segment}/` : segment);
    }
    return names.sort(compareKeys);
  }

  /** Those that are still there. */
  async #infos(keys: readonly string[]): Promise<ObjectInfo[]> {
    const infos = await Promise.all(keys.map((key) => this.#info(key)));
    return infos.filter((info) => info !== undefined);
  }
}
