import type { FileHandle } from 'node:fs/promises';
import type { ObjectInfo } from '@atoll/storage';
import { unlessAbsent, type FileSystem } from './file-system.js';
import type { Known } from './object-cache.js';
import type { FileFacts } from './publisher.js';
import type { RecoveryWatch } from './recovery-watch.js';
import type { Stamps } from './stamps.js';
import type { StorePaths } from './store-paths.js';
import { toReadError } from './to-storage-error.js';
import { versionOf } from './versions.js';

export interface ObjectFilesParts {
  readonly files: FileSystem;
  readonly paths: StorePaths;
  readonly stamps: Stamps;
  /** Absent for the owner, who recovers the files itself. */
  readonly watch: RecoveryWatch | undefined;
}

export interface OpenedObject {
  readonly handle: FileHandle;
  readonly info: ObjectInfo;
}

/** Objects as the files on disk show them. Every call throws what `toReadError` makes of a failure. */
export class ObjectFiles {
  constructor(private readonly parts: ObjectFilesParts) {}

  /** What there is of an object; the disk is asked unless it is `known`. */
  async current(key: string, known: Known | undefined): Promise<ObjectInfo | undefined> {
    if (known === 'absent') return undefined;
    return known?.info ?? (await this.#stat(key));
  }

  read(key: string): Promise<{ info: ObjectInfo; body: Buffer } | undefined> {
    return this.#reading(key, (path) => this.#readWhole(key, path));
  }

  /** The caller closes the handle. */
  open(key: string): Promise<OpenedObject | undefined> {
    return this.#reading(key, (path) => this.#openFile(key, path));
  }

  infoOf(key: string, { mtimeNs, ino, size }: FileFacts): ObjectInfo {
    this.parts.stamps.observe(mtimeNs);
    const modified = new Date(Number(mtimeNs / 1_000_000n));
    return { key, sizeBytes: Number(size), version: versionOf({ mtimeNs, ino }), modified };
  }

  async #stat(key: string): Promise<ObjectInfo | undefined> {
    const facts = await this.#reading(key, (path) => this.parts.files.stat(path, { bigint: true }));
    return facts?.isFile() ? this.infoOf(key, facts) : undefined;
  }

  async #readWhole(key: string, path: string) {
    const opened = await this.#openFile(key, path);
    if (opened === undefined) return undefined;
    try {
      return { info: opened.info, body: await opened.handle.readFile() };
    } finally {
      await opened.handle.close();
    }
  }

  async #openFile(key: string, path: string): Promise<OpenedObject | undefined> {
    const handle = await this.parts.files.open(path, 'r');
    try {
      const facts = await handle.stat({ bigint: true });
      if (facts.isFile()) return { handle, info: this.infoOf(key, facts) };
    } catch (cause) {
      await handle.close();
      throw cause;
    }
    await handle.close();
    return undefined;
  }

  async #reading<T>(key: string, task: (path: string) => Promise<T>): Promise<T | undefined> {
    const path = this.parts.paths.objectOf(key);
    try {
      await this.parts.watch?.check();
      return await unlessAbsent(task(path));
    } catch (cause) {
      throw toReadError(cause, path, key);
    }
  }
}
