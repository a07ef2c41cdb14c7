import { StorageError } from '@atoll/storage';
import { unlessAbsent, type FileSystem } from './file-system.js';
import { bootOfLog, LOG_HEADER_BYTES } from './log-header.js';
import { OwnerLock } from './owner-lock.js';
import { thisProcess, type ProcessIdentity } from './process-identity.js';
import { segmentPaths } from './read-log.js';

/**
 * Keeps a process that only reads from files that the end of an earlier boot may have torn, until the owner has made them whole from its
 * log. Of a folder whose owner is on another machine, or where boots have no name, it cannot tell, and lets it pass.
 */
export class RecoveryWatch {
  readonly #files: FileSystem;
  readonly #root: string;
  readonly #log: string;
  readonly #self: ProcessIdentity;
  #whole = false;

  constructor(files: FileSystem, root: string, log: string, self: ProcessIdentity = thisProcess()) {
    this.#files = files;
    this.#root = root;
    this.#log = log;
    this.#self = self;
  }

  /** @throws StorageError 'unavailable' until the owner has opened the folder */
  async check(): Promise<void> {
    // This process ends with the boot, too: what is whole once stays whole for it.
    if (this.#whole) return;
    if (await this.#mayBeTorn()) {
      throw new StorageError(
        'unavailable',
        `${this.#root} was in use when the machine stopped; it can be read once its owner has opened it`,
      );
    }
    this.#whole = true;
  }

  async #mayBeTorn(): Promise<boolean> {
    if (this.#self.bootId === '') return false;
    const segments = await segmentPaths(this.#files, this.#log);
    const boots = await Promise.all(segments.map(({ path }) => this.#bootOf(path)));
    if (boots.every((boot) => boot === this.#self.bootId)) return false;
    const owner = await OwnerLock.ownerOf(this.#files, this.#root);
    return owner === undefined || owner.hostname === this.#self.hostname;
  }

  async #bootOf(path: string): Promise<string> {
    const handle = await unlessAbsent(this.#files.open(path, 'r'));
    try {
      const header = Buffer.alloc(LOG_HEADER_BYTES);
      const read = await handle?.read(header, 0, LOG_HEADER_BYTES, 0);
      // One that is gone, or holds nothing yet, speaks of no file.
      return read?.bytesRead === LOG_HEADER_BYTES ? bootOfLog(header) : this.#self.bootId;
    } finally {
      await handle?.close();
    }
  }
}
