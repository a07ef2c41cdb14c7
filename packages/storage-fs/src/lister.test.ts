import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Chunks, ObjectStore } from '@atoll/storage';
import fc from 'fast-check';
import type { FsStoreOptions } from './fs-store-options.js';
import { FsStore } from './fs-store.js';
import { temporaryRoots } from './testing/temporary-root.js';
import { systemError, watchedFiles } from './testing/watched-files.js';

const makeRoot = temporaryRoots();
const some = Buffer.from('x');

/** A store, the folders it has read and the files it has asked for the facts of since these were last taken, and faults for it. */
async function openWatched(options: FsStoreOptions) {
  const objects = join(options.root, 'objects');
  const read: string[] = [];
  const asked: string[] = [];
  const fault: { name?: string; path?: string } = {};
  const files = watchedFiles(({ name, path }) => {
    if (name === fault.name && path.startsWith(fault.path ?? '')) throw systemError('ENOSPC');
    if (!path.startsWith(objects)) return;
    if (name === 'opendir') read.push(path.slice(objects.length) || '/');
    if (name === 'stat') asked.push(path.slice(objects.length));
  });
  const store = await FsStore.open({ ...options, files });
  const list = async (prefix: string, after = '', limit = 10) => {
    [read, asked].forEach((calls) => calls.splice(0));
    const { entries } = await store.list(prefix, { after, limit });
    return { keys: entries.map(({ key }) => key), read: read.splice(0) };
  };
  return { store, objects, list, asked, fault };
}

/** Every key below `x/`, a few at a time. */
async function listAll(store: ObjectStore, limit: number): Promise<string[]> {
  const keys: string[] = [];
  for (let more = true; more;) {
    const page = await store.list('x/', { after: keys.at(-1) ?? '', limit });
    keys.push(...page.entries.map(({ key }) => key));
    ({ more } = page);
  }
  return keys;
}

async function put(store: ObjectStore, ...keys: string[]): Promise<void> {
  for (const key of keys) await store.put(key, some, { blind: true });
}

describe('a list', () => {
  test('reads only the folders that can hold what it is asked for, each once', async () => {
    const root = await makeRoot();
    const first = await FsStore.open({ root });
    await put(first, 'a/1', 'b/1/x', 'b/2/x', 'c/1');
    await first.close();
    const { store, list } = await openWatched({ root });
    expect(await list('c/')).toEqual({ keys: ['c/1'], read: ['/c'] });
    expect(await list('', 'b/1/x')).toEqual({ keys: ['b/2/x', 'c/1'], read: ['/b', '/b/1', '/b/2'] });
    expect(await list('b')).toEqual({ keys: ['b/1/x', 'b/2/x'], read: [] });
    expect(await list('b/', 'b/10')).toEqual({ keys: ['b/2/x'], read: [] });
    expect(await list('a/0')).toEqual({ keys: [], read: ['/a'] });
    await store.close();
  });

  test('knows of its own process what was written, without reading again', async () => {
    const { store, list, asked } = await openWatched({ root: await makeRoot() });
    await put(store, 'x/B', 'x/c/1');
    await list('');
    const { version } = (await store.head('x/B')) ?? { version: '' };
    await put(store, 'x/A', 'x/d/e/1', 'y');
    await store.delete('x/B', { ifVersion: version });
    await store.putData('z/1', chunks());
    expect(await list('')).toEqual({ keys: ['x/A', 'x/c/1', 'x/d/e/1', 'y', 'z/1'], read: [] });
    expect((await list('')).read).toEqual([]);
    expect(asked).toEqual([]);
    const { entries } = await store.list('', { limit: 10 });
    expect(entries).toEqual(await Promise.all(entries.map(({ key }) => store.head(key))));
    await store.close();
  });

  test('asks the disk for the facts of no more files than a page has', async () => {
    const { store, list, asked } = await openWatched({ root: await makeRoot(), cacheBytes: 0 });
    const keys = Array.from({ length: 200 }, (_, i) => `x/${i + 100}`);
    await put(store, ...keys);
    await store.close();
    const again = await openWatched({ root: join(store.url.slice('file://'.length)) });
    expect(await again.list('x/', 'x/149', 5)).toEqual({ keys: keys.slice(50, 55), read: ['/x'] });
    expect(again.asked).toEqual(keys.slice(50, 56).map((key) => `/${key}`));
    expect(asked).toEqual([]);
    expect((await list('x/')).keys).toHaveLength(10);
    await again.store.close();
  });

  test.each([
    { room: 1_000_000, what: 'everything' },
    { room: 2_500, what: 'a few folders' },
    { room: 0, what: 'nothing' },
  ])(
    'shows what puts and deletes in any order have left, also after a restart, when it remembers $what',
    async ({ room }) => {
      const keys = ['A', 'a', 'a-b', 'B/x', 'b/X', 'b/x', 'b/c/1', 'b0', 'c/d/e/1'].map((key) => `x/${key}`);
      const step = fc.record({ key: fc.constantFrom(...keys), put: fc.boolean(), list: fc.boolean() });
      const property = fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.nat(3), async (steps, limit) => {
        const root = await makeRoot();
        const store = await FsStore.open({ root, namesBytes: room });
        const model = new Set<string>();
        for (const { key, put, list } of steps) {
          if (put) await store.put(key, Buffer.from(key), { blind: true });
          else await store.delete(key, { blind: true });
          if (put) model.add(key);
          else model.delete(key);
          if (list) expect(await listAll(store, limit + 1)).toEqual([...model].sort());
        }
        await store.close();
        const again = await FsStore.open({ root, namesBytes: room });
        expect(await listAll(again, limit + 1)).toEqual([...model].sort());
        await again.close();
      });
      await fc.assert(property, { numRuns: 8 });
    },
  );

  test('does not show what could not be written, and shows it once it could', async () => {
    const { store, list, fault } = await openWatched({ root: await makeRoot() });
    await put(store, 'x/a');
    await list('x/');
    fault.name = 'rename';
    await expect(store.put('x/b', some, { ifAbsent: true })).rejects.toMatchObject({ kind: 'full' });
    await expect(store.put('x/new/b', some, { ifAbsent: true })).rejects.toMatchObject({ kind: 'full' });
    delete fault.name;
    expect((await list('x/')).keys).toEqual(['x/a']);
    await store.put('x/b', some, { ifAbsent: true });
    await store.put('x/new/b', some, { ifAbsent: true });
    expect((await list('x/')).keys).toEqual(['x/a', 'x/b', 'x/new/b']);
    await store.close();
  });

  test('shows a file whose folder could not be flushed, as a get does', async () => {
    const { store, objects, list, fault } = await openWatched({ root: await makeRoot() });
    await put(store, 'x/a');
    await list('x/');
    Object.assign(fault, { name: 'handle.sync', path: join(objects, 'x') });
    await expect(store.putData('x/b', largeData())).rejects.toMatchObject({ kind: 'full' });
    delete fault.name;
    expect(await store.head('x/b')).toBeDefined();
    expect((await list('x/')).keys).toEqual(['x/a', 'x/b']);
    await store.close();
  });
});

describe('a list beside the process that writes', () => {
  test('reads a folder again only when it has changed', async () => {
    const root = await makeRoot();
    const owner = await FsStore.open({ root });
    await put(owner, 'x/a');
    const { objects, list } = await openWatched({ root, readOnly: true });
    await utimes(join(objects, 'x'), 1_000_000, 1_000_000);
    expect(await list('x/')).toEqual({ keys: ['x/a'], read: ['/x'] });
    expect(await list('x/')).toEqual({ keys: ['x/a'], read: [] });
    await put(owner, 'x/b');
    expect(await list('x/')).toEqual({ keys: ['x/a', 'x/b'], read: ['/x'] });
    await owner.close();
  });

  test('does not trust the time of a folder that has not passed for a while', async () => {
    const root = await makeRoot();
    const owner = await FsStore.open({ root });
    await put(owner, 'x/a');
    const { objects, list } = await openWatched({ root, readOnly: true });
    const now = Date.now() / 1000 + 60;
    await utimes(join(objects, 'x'), now, now);
    expect((await list('x/')).keys).toEqual(['x/a']);
    await put(owner, 'x/b');
    await utimes(join(objects, 'x'), now, now);
    expect((await list('x/')).keys).toEqual(['x/a', 'x/b']);
    await owner.close();
  });
});

async function* chunks() {
  yield some;
}

/** More than the log takes. */
async function* largeData(): Chunks {
  yield Buffer.alloc(70_000, 'x');
}
