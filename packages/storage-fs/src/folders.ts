import { dirname } from 'node:path';
import { LRUCache } from 'lru-cache';
import { errorCode, type FileSystem } from './file-system.js';
import { flushPath } from './flush-path.js';

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
  /** Folders that are there, durably or not. */
  readonly #made = new LRUCache<string, Promise<void>>({ max: MAX_KNOWN });
  readonly #syncs = new Map<string, Syncs>();

  constructor(files: FileSystem, root: string) {
    this.#files = files;
    this.#root = root;
  }

  /** Makes a folder below the root, with those above it, durably. */
  async ensure(folder: string): Promise<void> {
    if (folder !== this.#root) await once(this.#known, folder, () => this.#makeDurably(folder));
  }

  /** Makes a folder below the root, with those above it. Whoever needs them to be durable flushes them. */
  async make(folder: string): Promise<void> {
    if (folder !== this.#root && !this.#known.has(folder)) await once(this.#made, folder, () => this.#make(folder));
  }

  /** Flushes a folder. Whoever asks while a flush is running shares the next one: the running one may have begun too early. */
  async sync(folder: string): Promise<void> {
    const syncs = this.#syncs.get(folder);
    if (syncs === undefined) return this.#run(folder);
    syncs.next ??= syncs.running.then(nothing, nothing).then(() => this.#run(folder));
    return syncs.next;
  }

  async #run(folder: string): Promise<void> {
    const syncs: Syncs = { running: flushPath(this.#files, folder) };
    this.#syncs.set(folder, syncs);
    try {
      await syncs.running;
    } finally {
      if (syncs.next === undefined) this.#syncs.delete(folder);
    }
  }

  async #makeDurably(folder: string): Promise<void> {
    const parent = dirname(folder);
    await this.ensure(parent);
    await this.#mkdir(folder);
    // A folder found here may have been made by a process that was killed before it flushed.
    await this.sync(parent);
  }

  async #make(folder: string): Promise<void> {
    await this.make(dirname(folder));
    await this.#mkdir(folder);
  }

  async #mkdir(folder: string): Promise<void> {
    try {
      await this.#files.mkdir(folder);
    } catch (cause) {
      if (errorCode(cause) !== 'EEXIST') throw cause;
    }
  }
}

/** Runs a task once for each key that is remembered; a task that failed is forgotten. */
async function once(known: LRUCache<string, Promise<void>>, key: string, task: () => Promise<void>): Promise<void> {
  const running = known.get(key) ?? task();
  known.set(key, running);
  try {
    await running;
  } catch (cause) {
    if (known.peek(key) === running) known.delete(key);
    throw cause;
  }
}

const nothing = (): void => undefined;
