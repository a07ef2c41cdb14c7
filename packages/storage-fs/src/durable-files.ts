import { dirname } from 'node:path';
import pLimit from 'p-limit';
import { unlessAbsent, type FileSystem } from './file-system.js';
import { flushPath } from './flush-path.js';
import type { Folders } from './folders.js';

const FLUSHES_AT_ONCE = 16;

/** Flushes all that the file system of a folder holds back. @returns whether it can do that here @throws what the system says */
export type FlushAll = () => Promise<boolean>;

/** Makes files durable that were only written, with their names and the folders above them. */
export class DurableFiles {
  readonly #files: FileSystem;
  readonly #folders: Folders;
  readonly #flushAll: FlushAll | undefined;

  constructor(files: FileSystem, folders: Folders, flushAll?: FlushAll) {
    this.#files = files;
    this.#folders = folders;
    this.#flushAll = flushAll;
  }

  /** Of a file that is gone, its absence becomes durable. */
  async flush(paths: ReadonlySet<string>): Promise<void> {
    if (paths.size === 0 || (await this.#flushAll?.())) return;
    const limit = pLimit(FLUSHES_AT_ONCE);
    await limit.map(paths, (path) => unlessAbsent(flushPath(this.#files, path)));
    await limit.map(new Set([...paths].map((path) => dirname(path))), (folder) => this.#flushFolder(folder));
  }

  async #flushFolder(folder: string): Promise<void> {
    await this.#folders.ensure(folder);
    await this.#folders.sync(folder);
  }
}
