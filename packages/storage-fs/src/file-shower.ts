import { unlessAbsent, type FileSystem } from './file-system.js';
import type { FileFacts, Publisher } from './publisher.js';

/** A file to be made. */
export interface ShownPut {
  readonly path: string;
  readonly body: Uint8Array;
  /** The file's time, in microseconds. */
  readonly microseconds: number;
}

/** Makes files show changes that are durable elsewhere: whole or not at all, and without a flush. */
export interface FileShower {
  /** @throws what the system says: then the file is what it was */
  put(put: ShownPut): Promise<FileFacts>;
  /** One after the other: with one that fails, all that follow it fail, and are not touched. */
  putInOrder(puts: readonly ShownPut[]): Promise<FileFacts>[];
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

  async put({ path, body, microseconds }: ShownPut): Promise<FileFacts> {
    const draft = await this.publisher.draft(body, microseconds);
    await this.publisher.name(draft, path);
    return draft.facts;
  }

  putInOrder(puts: readonly ShownPut[]): Promise<FileFacts>[] {
    let before: Promise<unknown> = Promise.resolve();
    return puts.map((put) => {
      const shown = before.then(() => this.put(put));
      before = shown;
      return shown;
    });
  }

  async delete(path: string): Promise<void> {
    await unlessAbsent(this.files.unlink(path));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
