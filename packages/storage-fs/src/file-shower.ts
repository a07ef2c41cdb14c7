import { unlessAbsent, type FileSystem } from './file-system.js';
import type { FileFacts, Publisher } from './publisher.js';

/** Makes files show changes that are durable elsewhere: whole or not at all, and without a flush. */
export interface FileShower {
  /** @throws what the system says: then the file is what it was */
  put(path: string, body: Uint8Array, stamp: number): Promise<FileFacts>;
  /** Does not mind a file that is not there. */
  delete(path: string): Promise<void>;
  /** Nothing is shown any more. Safe to repeat. */
  close(): Promise<void>;
}

/** Shows changes by the calls that a test can let fail. */
export class CalledFileShower implements FileShower {
  constructor(
    private readonly files: FileSystem,
    private readonly publisher: Publisher,
  ) {}

  async put(path: string, body: Uint8Array, stamp: number): Promise<FileFacts> {
    const draft = await this.publisher.draft(body, stamp);
    await this.publisher.name(draft, path);
    return draft.facts;
  }

  async delete(path: string): Promise<void> {
    await unlessAbsent(this.files.unlink(path));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
