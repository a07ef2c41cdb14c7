import { join } from 'node:path';
import { unlessAbsent, type FileSystem } from './file-system.js';
import { decodeSegment, encodeSegment, pathOfKey } from './key-path.js';
import type { FileFacts } from './publisher.js';

// So many names take about a millisecond, after which other work has its turn.
const NAMES_AT_ONCE = 1024;

/** The system calls of a list. A folder's path is that of its keys: `''`, or what ends in `/`. */
export class ListedFiles {
  readonly #files: FileSystem;
  readonly #objects: string;

  constructor(files: FileSystem, objects: string) {
    this.#files = files;
    this.#objects = objects;
  }

  /** When names of a folder were last made or removed; `undefined` when it is not there. */
  async changedNs(folder: string): Promise<bigint | undefined> {
    return (await unlessAbsent(this.#files.stat(this.#folderPath(folder), { bigint: true })))?.mtimeNs;
  }

  /** Names the segments in a folder, in no order; those that are folders end in `/`. A folder that is not there has none. */
  async read(folder: string, onSegment: (segment: string) => void): Promise<void> {
    const path = this.#folderPath(folder);
    const opened = await unlessAbsent(this.#files.opendir(path, { bufferSize: NAMES_AT_ONCE }));
    if (opened === undefined) return;
    try {
      // Half as dear as `for await`.
      for (let entry = await opened.read(); entry !== null; entry = await opened.read()) {
        const segment = decodeSegment(entry.name);
        if (segment !== undefined) onSegment(entry.isDirectory() ? `${segment}/` : segment);
      }
    } finally {
      await opened.close();
    }
  }

  /** `undefined` when there is no such file. */
  async facts(key: string): Promise<FileFacts | undefined> {
    const path = join(this.#objects, pathOfKey(key));
    const facts = await unlessAbsent(this.#files.stat(path, { bigint: true }));
    return facts?.isFile() ? facts : undefined;
  }

  #folderPath(folder: string): string {
    return join(this.#objects, ...folder.split('/').map(encodeSegment));
  }
}
