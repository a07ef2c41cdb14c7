import { randomUUID } from 'node:crypto';
import { keys } from './key-layout.js';
import type { CallOptions, ObjectStore, Version } from './object-store.js';
import { isStorageError, StorageError } from './storage-error.js';

export interface ProbeFindings {
  /** Whether a delete that names a version spares any other. `false` where it is claimed and not honoured, too. */
  readonly conditionalDelete: boolean;
}

type Check = (store: ObjectStore, folder: string, options: CallOptions) => Promise<boolean>;

/** One promise of `ObjectStore`, and how it is found out whether a store keeps it. */
export interface StorePromise {
  readonly name: string;
  /** What it is good for that the store keeps it. */
  readonly kept: string;
  /** What it leads to that the store does not. */
  readonly broken: string;
  /** Without it there is no registry. */
  readonly required: boolean;
  /** Writes below `folder`, which is nobody else's. @throws StorageError */
  readonly check: Check;
}

/** In the order in which they are asked for. Some servers accept a condition and ignore it, so each is tried. */
export const storePromises: readonly StorePromise[] = [
  {
    name: 'create once',
    kept: 'of two writers of a new key, one is told that it came too late',
    broken: 'a put that wants a key absent overwrites what is there: two writers would both believe to have created it',
    required: true,
    check: createsOnce,
  },
  {
    name: 'replace once',
    kept: 'of two writers that replace one version, one is told that it came too late',
    broken: 'a put that names a version overwrites another one: concurrent changes of a tag would be lost',
    required: true,
    check: replacesOnce,
  },
  {
    name: 'read own writes',
    kept: 'what was written or deleted is seen by the next read',
    broken: 'a read does not see the write or the delete that was answered before it',
    required: true,
    check: readsItsWrites,
  },
  {
    name: 'list in order',
    kept: 'a list shows all keys in the order of their bytes, page by page',
    broken: 'a list does not show every key that was written, and no other, in the order of their bytes',
    required: true,
    check: listsItsWritesInOrder,
  },
  {
    name: 'delete one version only',
    kept: 'a delete spares what was written since it was decided',
    broken: 'a delete cannot spare what was written since: deleted blobs leave tombstones of some 60 bytes',
    required: false,
    check: sparesOtherVersions,
  },
];

/**
 * Asks a store, with about 25 small requests, whether it keeps the promises of `ObjectStore`, and removes what it wrote.
 * @throws StorageError 'unsupported' that says which promise the store does not keep
 */
export async function probeStore(store: ObjectStore, { signal }: CallOptions = {}): Promise<ProbeFindings> {
  const folder = keys.probe(randomUUID());
  try {
    const conditionalDelete = await keepsAll(store, folder, { signal });
    await removeProbes(store, folder, { signal });
    return { conditionalDelete };
  } catch (cause) {
    // What a store that fails leaves behind matters less than why it fails.
    await removeProbes(store, folder, { signal }).catch(() => undefined);
    throw cause;
  }
}

/** Whether also what is not required is kept. */
async function keepsAll(store: ObjectStore, folder: string, o: CallOptions): Promise<boolean> {
  let all = true;
  for (const { check, required, broken } of storePromises) {
    if (await check(store, folder, o)) continue;
    if (required) throw new StorageError('unsupported', `${store.url} cannot hold a registry: ${broken}`);
    all = false;
  }
  return all;
}

async function createsOnce(store: ObjectStore, folder: string, options: CallOptions): Promise<boolean> {
  const create = (body: string) => store.put(`${folder}create`, Buffer.from(body), { ifAbsent: true }, options);
  const racing = await Promise.all([create('one'), create('two')]);
  return winners(racing) === 1 && (await create('late')) === 'conflict';
}

async function replacesOnce(store: ObjectStore, folder: string, options: CallOptions): Promise<boolean> {
  const key = `${folder}replace`;
  const ifVersion = await write(store, key, 'start', options);
  const replace = (body: string) => store.put(key, Buffer.from(body), { ifVersion }, options);
  const racing = await Promise.all([replace('one'), replace('two')]);
  if (winners(racing) !== 1 || (await replace('late')) !== 'conflict') return false;
  const absent = await store.put(`${folder}none`, Buffer.from('x'), { ifVersion }, options);
  return absent === 'conflict';
}

async function readsItsWrites(store: ObjectStore, folder: string, options: CallOptions): Promise<boolean> {
  const key = `${folder}read`;
  for (const text of ['one', 'two']) {
    const version = await write(store, key, text, options);
    const got = await store.get(key, options);
    if (got?.body.toString() !== text || got.info.version !== version) return false;
  }
  await store.delete(key, { blind: true }, options);
  return (await store.get(key, options)) === undefined;
}

async function listsItsWritesInOrder(store: ObjectStore, folder: string, options: CallOptions): Promise<boolean> {
  const prefix = `${folder}list/`;
  const ordered = ['A', 'a', 'a-b', 'a.b', 'a0', 'b-c', 'b/c', 'b0'].map((name) => prefix + name);
  await Promise.all([...ordered, `${prefix}gone`].map((key) => write(store, key, 'x', options)));
  await store.delete(`${prefix}gone`, { blind: true }, options);
  const first = await store.list(prefix, { ...options, limit: 5 });
  const after = first.entries.at(-1)?.key ?? prefix;
  const second = await store.list(prefix, { ...options, after, limit: 1000 });
  const listed = [...first.entries, ...second.entries].map((entry) => entry.key);
  return first.more && !second.more && listed.join('\n') === ordered.join('\n');
}

async function sparesOtherVersions(store: ObjectStore, folder: string, options: CallOptions): Promise<boolean> {
  if (!store.capabilities.conditionalDelete) return false;
  const key = `${folder}delete`;
  const stale = await write(store, key, 'one', options);
  const current = await write(store, key, 'two', options);
  try {
    const spared = (await store.delete(key, { ifVersion: stale }, options)) === 'conflict';
    return spared && (await store.delete(key, { ifVersion: current }, options)) === 'deleted';
  } catch (cause) {
    // A server that does not know the condition, and says so.
    if (isStorageError(cause, 'unsupported')) return false;
    throw cause;
  }
}

async function write(store: ObjectStore, key: string, text: string, options: CallOptions): Promise<Version> {
  const outcome = await store.put(key, Buffer.from(text), { blind: true }, options);
  if (outcome !== 'conflict') return outcome.version;
  throw new StorageError('unsupported', `${store.url} answers a put without a condition with a conflict`, { key });
}

function winners(outcomes: readonly unknown[]): number {
  return outcomes.filter((outcome) => outcome !== 'conflict').length;
}

/** Deletes whatever the checks have written below `folder`. */
export async function removeProbes(store: ObjectStore, folder: string, o: CallOptions = {}): Promise<void> {
  const { entries } = await store.list(folder, { ...o, limit: 1000 });
  await Promise.all(entries.map(({ key }) => store.delete(key, { blind: true }, o)));
}
