import type { CallOptions, ObjectInfo } from '@atoll/storage';
import type { FolderView } from './folder-view.js';
import { isKey } from './key-path.js';
import type { FileFacts } from './publisher.js';

const FILES_AT_ONCE = 32;
const NAMES_AT_ONCE = 128;

/** What a list reads folders from. A folder's path is that of its keys: `''`, or what ends in `/`. */
export interface ListedFolders {
  /** All names that are in the folder from now on until the view is done with, and perhaps some that are not. */
  view(folder: string): Promise<FolderView>;
  /** `undefined` when there is no such file. */
  facts(folder: string, name: string): Promise<FileFacts | undefined>;
}

interface Found {
  readonly folder: string;
  readonly name: string;
  readonly facts: FileFacts | undefined;
}

/**
 * Lists keys in the order of their bytes. It descends only into folders that can hold keys of the page, and asks for the facts of as
 * many files as a page has entries, where they are not known.
 *
 * Keys are ASCII, so `<` compares them as their bytes do, with each other and with any text that a caller gives.
 */
export class Lister {
  readonly #folders: ListedFolders;
  readonly #infoOf: (key: string, facts: FileFacts) => ObjectInfo;

  constructor(folders: ListedFolders, infoOf: (key: string, facts: FileFacts) => ObjectInfo) {
    this.#folders = folders;
    this.#infoOf = infoOf;
  }

  async list(
    prefix: string,
    { after = '', limit, signal }: CallOptions & { after?: string; limit: number },
  ): Promise<{ entries: ObjectInfo[]; more: boolean }> {
    const entries: ObjectInfo[] = [];
    let batch: Found[] = [];
    const parent = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    if (parent !== '' && !isKey(parent.slice(0, -1))) return { entries, more: false };
    for await (const found of this.#walk(parent, prefix, after)) {
      batch.push(found);
      if (batch.length < Math.min(FILES_AT_ONCE, limit + 1 - entries.length)) continue;
      signal?.throwIfAborted();
      entries.push(...(await this.#infos(batch)));
      batch = [];
      if (entries.length > limit) break;
    }
    entries.push(...(await this.#infos(batch)));
    return { entries: entries.slice(0, limit), more: entries.length > limit };
  }

  /** The files below a folder in the order of their keys. */
  async *#walk(folder: string, prefix: string, after: string): AsyncGenerator<Found> {
    for await (const found of this.#namesFrom(folder, startIn(folder, after > prefix ? after : prefix))) {
      const path = folder + found.name;
      const mayMatch = path.startsWith(prefix) || (path.endsWith('/') && prefix.startsWith(path));
      if (!mayMatch && path > prefix) return;
      if (!mayMatch) continue;
      if (!path.endsWith('/')) {
        if (path > after) yield found;
      } else if (after.startsWith(path) || path > after) yield* this.#walk(path, prefix, after);
    }
  }

  /** Finds its place again by the last name after every few, for the folder may change while its names are looked at. */
  async *#namesFrom(folder: string, start: string): AsyncGenerator<Found> {
    const view = await this.#folders.view(folder);
    for (let next: string | undefined = start; next !== undefined;) {
      const names = view.from(next, NAMES_AT_ONCE);
      for (const { name, facts } of names) yield { folder, name, facts };
      const last = names.at(-1)?.name;
      next = last === undefined || names.length < NAMES_AT_ONCE ? undefined : `${last}\0`;
    }
  }

  /** Of those that are there. */
  async #infos(batch: readonly Found[]): Promise<ObjectInfo[]> {
    const infos = await Promise.all(batch.map((found) => this.#info(found)));
    return infos.filter((info) => info !== undefined);
  }

  async #info({ folder, name, facts }: Found): Promise<ObjectInfo | undefined> {
    const found = facts ?? (await this.#folders.facts(folder, name));
    return found && this.#infoOf(folder + name, found);
  }
}

/** The first name in a folder that can matter, or stand for a folder that matters, when keys before `bound` do not. */
function startIn(folder: string, bound: string): string {
  if (!bound.startsWith(folder)) return '';
  const rest = bound.slice(folder.length);
  const slash = rest.indexOf('/');
  return slash < 0 ? rest : rest.slice(0, slash + 1);
}
