import { randomUUID } from 'node:crypto';
import { keys } from './key-layout.js';
import type { CallOptions, ObjectStore, Version } from './object-store.js';
import { isStorageError, StorageError } from './storage-error.js';

export interface ProbeFindings {
  /** Whether a delete that names a version spares any other. `false` where it is claimed and not honoured, too. */
  readonly conditionalDelete: boolean;
}

type Check = (store: ObjectStore, folder: string, options: CallOptions) => Promise<boolean>;

/** What Atoll cannot do without, each with the sentence that says so. Some servers accept a condition and ignore it. */
const REQUIRED: readonly (readonly [Check, string])[] = [
  [
    createsOnce,
    'a put that wants a key absent overwrites what is there: two writers would both believe to have created it',
  ],
  [replacesOnce, 'a put that names a version overwrites another one: concurrent changes of a tag would be lost'],
  [readsItsWrites, 'a read does not see the write or the delete that was answered before it'],
  [listsItsWritesInOrder, 'a list does not show every key that was written, and no other, in the order of their bytes'],
];

/**
 * Asks a store, with about 25 small requests, whether it keeps the promises of `ObjectStore`, and removes what it wrote.
 * @throws StorageError 'unsupported' that says which promise the store does not keep
 */
export async function probeStore(store: ObjectStore, { signal }: CallOptions = {}): Promise<ProbeFindings> {
  const folder = keys.probe(randomUUID());
  try {
    for (const [keepsPromise, sentence] of REQUIRED) {
      if (await keepsPromise(store, folder, { signal })) continue;
      throw new StorageError('unsupported', `${store.url} cannot hold a registry: ${sentence}`);
    }
    return { conditionalDelete: await sparesOtherVersions(store, folder, { signal }) };
  } finally {
    await removeAll(store, folder);
  }
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

async function removeAll(store: ObjectStore, folder: string): Promise<void> {
  const { entries } = await store.list(folder, { limit: 1000 });
  await Promise.all(entries.map(({ key }) => store.delete(key, { blind: true })));
}
