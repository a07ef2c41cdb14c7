import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { StorageError } from '@atoll/storage';
import { z } from 'zod';
import { errorCode, unlessAbsent, type FileSystem } from './file-system.js';
import { livenessOf, ProcessIdentity, thisProcess } from './process-identity.js';

const LOCK = /^lock\.([1-9][0-9]{0,14})$/;
const MAX_ATTEMPTS = 100;

const Owner = ProcessIdentity.extend({ nonce: z.string() });

/**
 * Says which process owns a folder: the one that the file `lock.<n>` with the highest n names, if it lives. Files are written whole
 * under `tmp` and then linked, so that of two that want the same n one gets it. A dead owner's file is removed only once a higher one is there:
 * whoever was about to take its place, and comes late, finds the higher one and steps back.
 */
export class OwnerLock {
  readonly #files: FileSystem;
  readonly #path: string;

  private constructor(files: FileSystem, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** @throws StorageError 'locked' when another process owns the folder or may own it */
  static async acquire(files: FileSystem, root: string, self: ProcessIdentity = thisProcess()): Promise<OwnerLock> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const lock = await OwnerLock.#attempt(files, root, self);
      if (lock !== undefined) return lock;
    }
    throw new StorageError('locked', `${root}: other processes keep taking the folder`);
  }

  static async #attempt(files: FileSystem, root: string, self: ProcessIdentity): Promise<OwnerLock | undefined> {
    const highest = (await generations(files, root)).at(-1) ?? 0;
    if (highest > 0) await refuseUnlessDead(files, root, highest, self);
    const mine = highest + 1;
    if (!(await createWhole(files, root, lockPath(root, mine), self))) return undefined;
    const lock = new OwnerLock(files, lockPath(root, mine));
    const all = await generations(files, root);
    if (all.some((generation) => generation > mine)) {
      await lock.release();
      return undefined;
    }
    for (const lower of all) if (lower < mine) await unlessAbsent(files.unlink(lockPath(root, lower)));
    return lock;
  }

  /** Who owns a folder, or did so when it died; `undefined` when nobody does, or the lock does not say. */
  static async ownerOf(files: FileSystem, root: string): Promise<ProcessIdentity | undefined> {
    const highest = (await generations(files, root)).at(-1);
    return highest === undefined
      ? undefined
      : ownerIn(await unlessAbsent(files.readFile(lockPath(root, highest), 'utf8')));
  }

  /** Safe to repeat. */
  async release(): Promise<void> {
    await unlessAbsent(this.#files.unlink(this.#path));
  }
}

/** @throws StorageError 'locked' */
async function refuseUnlessDead(files: FileSystem, root: string, generation: number, self: ProcessIdentity) {
  const path = lockPath(root, generation);
  const text = await unlessAbsent(files.readFile(path, 'utf8'));
  if (text === undefined) return;
  const owner = ownerIn(text);
  if (owner === undefined) {
    throw new StorageError('locked', `${path} does not say who owns the folder; remove it if no process does`);
  }
  const who = `process ${owner.pid} on ${owner.hostname}`;
  const liveness = livenessOf(owner, self);
  if (liveness === 'alive') {
    throw new StorageError('locked', `${root} is in use by ${who}; one process at a time may write to a folder`);
  }
  if (liveness === 'elsewhere') {
    throw new StorageError(
      'locked',
      `${root} belongs to ${who}, another machine or container, and whether it still runs cannot be seen from here; ` +
        `one process at a time may write to a folder. If it no longer runs, remove ${path}`,
    );
  }
}

function ownerIn(text: string | undefined): ProcessIdentity | undefined {
  return text === undefined ? undefined : Owner.safeParse(parseJson(text)).data;
}

async function generations(files: FileSystem, root: string): Promise<number[]> {
  const numbers: number[] = [];
  for (const name of await files.readdir(root)) {
    const match = LOCK.exec(name);
    if (match) numbers.push(Number(match[1]));
  }
  return numbers.sort((a, b) => a - b);
}

function lockPath(root: string, generation: number): string {
  return join(root, `lock.${generation}`);
}

/** @returns whether the file is this process's; if not, another process was faster */
async function createWhole(files: FileSystem, root: string, path: string, self: ProcessIdentity): Promise<boolean> {
  const nonce = randomUUID();
  const draft = join(root, 'tmp', `lock-${nonce}`);
  try {
    await writeDurably(files, draft, JSON.stringify({ ...self, nonce }));
    await files.link(draft, path);
    return true;
  } catch (cause) {
    // The draft is gone when an owner that was faster has tidied up.
    if (errorCode(cause) === 'EEXIST' || errorCode(cause) === 'ENOENT') return false;
    throw cause;
  } finally {
    await unlessAbsent(files.unlink(draft));
  }
}

async function writeDurably(files: FileSystem, path: string, text: string): Promise<void> {
  const handle = await files.open(path, 'wx');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
