import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StorageError } from '@atoll/storage';
import type { Folders } from './folders.js';
import { errorCode, type FileSystem } from './file-system.js';
import type { Stamps } from './stamps.js';

/** What a file's version is made of, and its size. */
export interface FileFacts {
  readonly mtimeNs: bigint;
  readonly ino: bigint;
  readonly size: bigint;
}

/** Makes a file visible whole and durably: it is written under another name, flushed, named, and its folder is flushed. */
export class Publisher {
  readonly #files: FileSystem;
  readonly #folders: Folders;
  readonly #stamps: Stamps;
  readonly #drafts: string;
  #made = 0;

  constructor(files: FileSystem, folders: Folders, stamps: Stamps, drafts: string) {
    this.#files = files;
    this.#folders = folders;
    this.#stamps = stamps;
    this.#drafts = drafts;
  }

  /** @returns what became visible, or `exists` when `replace` is false and the name is taken; then nothing has changed */
  async publish(
    path: string,
    write: (handle: FileHandle) => Promise<unknown>,
    { replace }: { readonly replace: boolean },
  ): Promise<FileFacts | 'exists'> {
    const draft = this.#draft();
    const folder = dirname(path);
    const ready = this.#folders.ensure(folder);
    // Its failure is told below; until then it must not count as unhandled.
    ready.catch(() => undefined);
    let renamed = false;
    try {
      const facts = await this.#writeDraft(draft, write);
      await ready;
      if (replace) {
        await this.#files.rename(draft, path);
        renamed = true;
      } else if (!(await this.#link(draft, path))) return 'exists';
      await this.#folders.sync(folder);
      return facts;
    } finally {
      if (!renamed) await this.#discard(draft);
    }
  }

  /** Makes a file that is already written visible under a second name. @returns whether the name was free */
  async publishFile(file: string, path: string): Promise<boolean> {
    await this.#folders.ensure(dirname(path));
    const free = await this.#link(file, path);
    await this.#folders.sync(dirname(path));
    return free;
  }

  /**
   * Gives a file the time that its version is made of, and flushes it.
   * @throws StorageError 'unsupported' when the file system rounds times
   */
  async seal(handle: FileHandle): Promise<FileFacts> {
    const { seconds, microseconds } = this.#stamps.next();
    await handle.utimes(seconds, seconds);
    await handle.sync();
    const facts = await handle.stat({ bigint: true });
    if (facts.mtimeNs / 1000n === microseconds) return facts;
    throw new StorageError('unsupported', `${this.#drafts}: the file system does not keep the times of files exactly`);
  }

  /** Finds out, before anything is stored, whether files can be sealed here. @throws StorageError 'unsupported' */
  async check(): Promise<void> {
    const draft = this.#draft();
    try {
      await this.#writeDraft(draft, nothing);
    } finally {
      await this.#discard(draft);
    }
  }

  #draft(): string {
    return join(this.#drafts, String(++this.#made));
  }

  async #writeDraft(draft: string, write: (handle: FileHandle) => Promise<unknown>): Promise<FileFacts> {
    const handle = await this.#files.open(draft, 'wx');
    try {
      await write(handle);
      return await this.seal(handle);
    } finally {
      await handle.close();
    }
  }

  async #link(file: string, path: string): Promise<boolean> {
    try {
      await this.#files.link(file, path);
      return true;
    } catch (cause) {
      if (errorCode(cause) === 'EEXIST') return false;
      throw cause;
    }
  }

  async #discard(draft: string): Promise<void> {
    // A draft that cannot be removed is removed when the folder is opened the next time.
    await this.#files.unlink(draft).catch(() => undefined);
  }
}

async function nothing(): Promise<void> {
  // The file stays empty.
}
