import { dirname } from 'node:path';
import type { FileShower } from './file-shower.js';
import type { Folders } from './folders.js';
import type { FileFacts } from './publisher.js';
import type { Stamps } from './stamps.js';
import { UnshownObjects, type Unshown } from './unshown-objects.js';
import type { LoggedChange, WriteLog } from './write-log.js';

export interface LoggedObjectsParts {
  readonly folders: Folders;
  readonly shower: FileShower;
  readonly stamps: Stamps;
  readonly log: WriteLog;
}

export interface LoggedPut {
  readonly key: string;
  readonly path: string;
  readonly body: Uint8Array;
}

export interface KeepOptions {
  /** Whether a file of an earlier object may stand at the path. */
  readonly mayCover: boolean;
}

const NO_BYTES = new Uint8Array(0);

/**
 * Changes small objects: a change is durable in the log before the files show it, and the files show it before it is acknowledged.
 * What is kept is acknowledged first, and shown when somebody needs its file. The caller lets one change at a time work on a key, and
 * shows what is kept of it before any other change than `cancel`.
 */
export class LoggedObjects {
  readonly unshown = new UnshownObjects();

  constructor(private readonly parts: LoggedObjectsParts) {}

  /** @throws what the log or the system says; those before the one that could not be shown are there */
  async put(puts: readonly LoggedPut[]): Promise<FileFacts[]> {
    const { folders, shower, stamps, log } = this.parts;
    if (puts.length === 0) return [];
    await Promise.all(puts.map(({ path }) => folders.make(dirname(path))));
    const changes = puts.map((put) => ({ kind: 'put', ...put, microseconds: stamps.next() }) as const);
    const logged = await log.append(changes);
    const shown = await Promise.allSettled(shower.putInOrder(changes));
    const failed = shown.find(({ status }) => status === 'rejected');
    for (const [at, { status }] of shown.entries()) if (status === 'fulfilled') logged[at]?.done();
    // The last one first, so that a log that ends between them has none without those before it.
    for (let at = shown.length - 1; shown[at]?.status === 'rejected'; at--) logged[at]?.revoke();
    if (failed?.status === 'rejected') throw failed.reason;
    return shown.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  }

  async delete(key: string, path: string): Promise<void> {
    const { shower, stamps } = this.parts;
    const change = { kind: 'delete', key, path, microseconds: stamps.next(), body: NO_BYTES } as const;
    const [logged] = await this.parts.log.append([change]);
    await shownOrRevoked(logged, () => shower.delete(path));
  }

  /** Makes an object durable in the log alone. */
  async keep(key: string, path: string, given: Uint8Array, { mayCover }: KeepOptions): Promise<Unshown> {
    const { folders, stamps, log } = this.parts;
    await folders.make(dirname(path));
    const microseconds = stamps.next();
    // The caller uses its own again; and a piece of memory that others share would all be kept.
    const body = Buffer.from(new Uint8Array(given).buffer);
    const [logged] = await log.append([{ kind: 'put', key, path: undefined, microseconds, body }]);
    const unshown = { key, path, microseconds, body, mayCover, logged };
    this.unshown.add(unshown);
    return unshown;
  }

  /** @throws what the system says: then it is kept as before */
  async show(unshown: Unshown): Promise<FileFacts> {
    const { path, body, microseconds, logged } = unshown;
    const facts = await this.parts.shower.put({ path, body, microseconds });
    this.unshown.remove(unshown);
    logged?.done(path);
    return facts;
  }

  /** Deletes what is kept. @throws what the log or the system says: then it is kept as before */
  async cancel(unshown: Unshown): Promise<void> {
    const { shower, stamps, log } = this.parts;
    const { key, path, mayCover, logged } = unshown;
    const change = { kind: 'delete', key, path: undefined, microseconds: stamps.next(), body: NO_BYTES } as const;
    // It does not wait for room: it may be what the log waits for.
    const [deletion] = await log.appendAtOnce([change]);
    if (mayCover) await shownOrRevoked(deletion, () => shower.delete(path), path);
    else deletion?.done();
    this.unshown.remove(unshown);
    logged?.done();
  }
}

async function shownOrRevoked(
  logged: LoggedChange | undefined,
  show: () => Promise<void>,
  path?: string,
): Promise<void> {
  try {
    await show();
  } catch (cause) {
    logged?.revoke();
    throw cause;
  }
  logged?.done(path);
}
