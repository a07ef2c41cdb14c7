import { dirname } from 'node:path';
import type { FileShower } from './file-shower.js';
import type { Folders } from './folders.js';
import type { FileFacts } from './publisher.js';
import type { Stamps } from './stamps.js';
import type { LogChange, WriteLog } from './write-log.js';

export interface LoggedObjectsParts {
  readonly folders: Folders;
  readonly shower: FileShower;
  readonly stamps: Stamps;
  readonly log: WriteLog;
}

const NO_BYTES = new Uint8Array(0);

/**
 * Changes small objects: a change is durable in the log before the files show it, and the files show it before it is acknowledged.
 * The caller lets one change at a time work on a key.
 */
export class LoggedObjects {
  constructor(private readonly parts: LoggedObjectsParts) {}

  async put(key: string, path: string, body: Uint8Array): Promise<FileFacts> {
    const { folders, shower, stamps } = this.parts;
    await folders.make(dirname(path));
    const microseconds = stamps.next();
    return this.#change({ kind: 'put', key, path, microseconds, body }, () => shower.put(path, body, microseconds));
  }

  async delete(key: string, path: string): Promise<void> {
    const { shower, stamps } = this.parts;
    const change = { kind: 'delete', key, path, microseconds: stamps.next(), body: NO_BYTES } as const;
    await this.#change(change, () => shower.delete(path));
  }

  async #change<T>(change: LogChange, show: () => Promise<T>): Promise<T> {
    const logged = await this.parts.log.append(change);
    try {
      const shown = await show();
      logged.done();
      return shown;
    } catch (cause) {
      logged.revoke();
      throw cause;
    }
  }
}
