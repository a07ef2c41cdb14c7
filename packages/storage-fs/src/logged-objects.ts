import { dirname } from 'node:path';
import { unlessAbsent, type FileSystem } from './file-system.js';
import type { Folders } from './folders.js';
import { held } from './held.js';
import type { FileFacts, Publisher } from './publisher.js';
import type { Stamps } from './stamps.js';
import type { LogChange, WriteLog } from './write-log.js';

export interface LoggedObjectsParts {
  readonly files: FileSystem;
  readonly folders: Folders;
  readonly publisher: Publisher;
  readonly stamps: Stamps;
  readonly log: WriteLog;
}

/**
 * Changes small objects: a change is durable in the log before the files show it, and the files show it before it is acknowledged.
 * The caller lets one change at a time work on a key.
 */
export class LoggedObjects {
  constructor(private readonly parts: LoggedObjectsParts) {}

  async put(key: string, path: string, body: Uint8Array): Promise<FileFacts> {
    const { folders, publisher, stamps } = this.parts;
    await folders.make(dirname(path));
    const microseconds = stamps.next();
    // Its failure is told once the log, which is written meanwhile, has it.
    const drafting = held(publisher.draft(body, microseconds));
    return this.#change(
      { kind: 'put', key, path, microseconds, body },
      {
        show: async () => {
          const draft = await drafting;
          await publisher.name(draft, path);
          return draft.facts;
        },
        forget: async () => publisher.discard(await drafting),
      },
    );
  }

  async delete(key: string, path: string): Promise<void> {
    const change = {
      kind: 'delete',
      key,
      path,
      microseconds: this.parts.stamps.next(),
      body: new Uint8Array(0),
    } as const;
    await this.#change(change, { show: async () => void (await unlessAbsent(this.parts.files.unlink(path))) });
  }

  async #change<T>(
    change: LogChange,
    { show, forget }: { show: () => Promise<T>; forget?: () => Promise<void> },
  ): Promise<T> {
    let logged;
    try {
      logged = await this.parts.log.append(change);
    } catch (cause) {
      await forget?.().catch(() => undefined);
      throw cause;
    }
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
