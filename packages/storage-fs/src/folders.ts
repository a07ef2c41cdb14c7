import { dirname } from 'node:path';
import { LRUCache } from 'lru-cache';
import { errorCode, type FileSystem } from './file-system.js';

const MAX_KNOWN = 50_000;

interface Syncs {
  running: Promise<void>;
  next?: Promise<void>;
}

/** Makes folders and flushes them: a new name is durable only once the folder that holds it is. */
export class Folders {
  readonly #files: FileSystem;
  readonly #root: string;
  /** Folders whose own name this process has flushed. Folders are never removed. */
  readonly #known = new LRUCache<string, Promise<void>>({ max: MAX_KNOWN });
  readonly #syncs = new Map<string, Syncs>();

  constructor(files: FileSystem, root: string) {
    this.#files = files;
    this.#root = root;
  }

  /** Makes a folder below the root, with those above it, durably. */
  async ensure(folder: string): Promise<void> {
    if (folder === this.#root) return;
    let made = this.#known.get(folder);
    if (made === undefined) {
      made = this.#make(folder);
      this.#known.set(folder, made);
    }
    try {
      await made;
    } catch (cause) {
      if (this.#known.peek(folder) === made) this.#known.delete(folder);
      throw cause;
    }
  }

  /** Flushes a folder. Whoever asks while a flush is running shares the next one: the running one may have begun too early. */
  async sync(folder: string): Promise<void> {
    const syncs = this.#syncs.get(folder);
    if (syncs === undefined) return this.#run(folder);
    syncs.next ??= syncs.running.then(nothing, nothing).then(() => this.#run(folder));
    return syncs.next;
  }

  async #run(folder: string): Promise<void> {
    const syncs: Syncs = { running: this.#flush(folder) };
    this.#syncs.set(folder, syncs);
    try {
      await syncs.running;
    } finally {
      if (syncs.next === undefined) this.#syncs.delete(folder);
    }
  }

  async #make(folder: string): Promise<void> {
    const parent = dirname(folder);
    await this.ensure(parent);
    try {
      await this.#files.mkdir(folder);
    } catch (cause) {
      if (errorCode(cause) !== 'EEXIST') throw cause;
    }
    // A folder found here may have been made by a process that was killed before it flushed.
    await this.sync(parent);
  }

  async #flush(folder: string): Promise<void> {
    const handle = await this.#files.open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

const nothing = (): void => undefined;
