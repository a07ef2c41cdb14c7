import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StorageError } from '@atoll/storage';
import type { Folders } from './folders.js';
import { errorCode, type FileSystem } from './file-system.js';
import { held } from './held.js';
import { secondsOf, stampOf, type Stamps } from './stamps.js';

/** What a file's version is made of, and its size. */
export interface FileFacts {
  readonly mtimeNs: bigint;
  readonly ino: bigint;
  readonly size: bigint;
}

/** A file that is written whole and has no name yet that anybody looks for. */
export interface Draft {
  readonly path: string;
  readonly facts: FileFacts;
}

/** Makes files visible whole: each is written under another name, and then named. */
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

  /** Makes a new file visible durably. @returns what became visible, or `exists`: then nothing has changed */
  async publish(path: string, write: (handle: FileHandle) => Promise<unknown>): Promise<FileFacts | 'exists'> {
    // Its failure is told below.
    const ready = held(this.#folders.ensure(dirname(path)));
    const draft = await this.#write(async (handle) => {
      await write(handle);
      return this.seal(handle);
    });
    try {
      await ready;
      if (!(await this.#link(draft.path, path))) return 'exists';
      await this.#folders.sync(dirname(path));
      return draft.facts;
    } finally {
      await this.discard(draft);
    }
  }

  /** Writes a file that is not durable, for a stamp that is in the log with what it holds. */
  async draft(body: Uint8Array, stamp: number): Promise<Draft> {
    return this.#write(async (handle) => {
      await handle.writeFile(body);
      await handle.utimes(secondsOf(stamp), secondsOf(stamp));
      return handle.stat({ bigint: true });
    });
  }

  /** Gives a draft its name, in place of what has it now. */
  async name(draft: Draft, path: string): Promise<void> {
    try {
      await this.#files.rename(draft.path, path);
    } catch (cause) {
      await this.discard(draft);
      throw cause;
    }
  }

  async discard({ path }: Pick<Draft, 'path'>): Promise<void> {
    // A draft that cannot be removed is removed when the folder is opened the next time.
    await this.#files.unlink(path).catch(() => undefined);
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
    const stamp = this.#stamps.next();
    await handle.utimes(secondsOf(stamp), secondsOf(stamp));
    await handle.sync();
    const facts = await handle.stat({ bigint: true });
    if (stampOf(facts.mtimeNs) === stamp) return facts;
    throw new StorageError('unsupported', `${this.#drafts}: the file system does not keep the times of files exactly`);
  }

  /** Finds out, before anything is stored, whether files can be sealed here. @throws StorageError 'unsupported' */
  async check(): Promise<void> {
    await this.discard(await this.#write((handle) => this.seal(handle)));
  }

  async #write(write: (handle: FileHandle) => Promise<FileFacts>): Promise<Draft> {
    const path = join(this.#drafts, String(++this.#made));
    const handle = await this.#files.open(path, 'wx');
    try {
      return { path, facts: await write(handle) };
    } catch (cause) {
      await this.discard({ path });
      throw cause;
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
}
