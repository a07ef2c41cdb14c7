import { link, mkdir, readdir, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Chunks } from '@atoll/storage';
import { FsStore } from './fs-store.js';
import { selfWriting } from './testing/self-writing.js';
import { temporaryRoots } from './testing/temporary-root.js';
import { watchedFiles, type SystemCall } from './testing/watched-files.js';

const makeRoot = temporaryRoots();

async function* chunks(text: string): Chunks {
  yield Buffer.from(text);
}

describe('what is on disk', () => {
  test('a data object whose content writes itself is whole, or not there and no draft either', async () => {
    const root = await makeRoot();
    const store = await FsStore.open({ root });
    const bytes = Buffer.alloc(300_000, 'content');
    const fault = new Error('other content than was told');
    const whole = selfWriting(bytes);
    expect(await store.putData('d/whole', whole.chunks)).toEqual({ sizeBytes: bytes.length });
    expect(whole.used).toHaveLength(1);
    await expect(store.putData('d/broken', selfWriting(bytes, fault).chunks)).rejects.toBe(fault);
    expect((await store.get('d/whole'))?.body.equals(bytes)).toBe(true);
    expect(await store.get('d/broken')).toBeUndefined();
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
    await store.close();
  });

  test('a lost race and a stream that fails leave no draft', async () => {
    const root = await makeRoot();
    const store = await FsStore.open({ root });
    await Promise.all([1, 2, 3].map((n) => store.put('x/a', Buffer.of(n), { ifAbsent: true })));
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
    await store.close();
  });

  test('opening removes drafts and the second names of complete uploads, and nothing else', async () => {
    const root = await makeRoot();
    const first = await FsStore.open({ root });
    await first.putData('d/complete', chunks('whole'));
    const upload = await first.beginData('d/running');
    const receipt = await first.writePart('d/running', upload, { number: 1, offsetBytes: 0 }, chunks('half'));
    await first.close();
    await writeFile(join(root, 'tmp/17'), 'draft');
    await link(join(root, 'objects/d/complete'), join(root, 'parts/d/complete'));

    const second = await FsStore.open({ root });
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
    expect(await readdir(join(root, 'parts/d'))).toEqual(['running']);
    await second.completeData('d/running', upload, [receipt]);
    expect((await second.get('d/running'))?.body.toString()).toBe('half');
    expect((await second.get('d/complete'))?.body.toString()).toBe('whole');
    expect(await readdir(join(root, 'parts/d'))).toEqual([]);
    await second.close();
  });

  test('files that are of no key are not listed', async () => {
    const root = await makeRoot();
    const store = await FsStore.open({ root });
    await store.put('x/a', Buffer.from('x'), { blind: true });
    await writeFile(join(root, 'objects/x/README'), 'hello');
    await mkdir(join(root, 'objects/x/Folder'));
    await mkdir(join(root, 'objects/x/empty'));
    expect((await store.list('', { limit: 10 })).entries.map(({ key }) => key)).toEqual(['x/a']);
    await store.close();
  });

  test.each(['../out', 'x/../../out', '/out', 'x//a', 'x/.', 'x%1', ''])(
    'no call leaves the folder by the key %j',
    async (key) => {
      const root = await makeRoot();
      const store = await FsStore.open({ root: join(root, 'data') });
      const invalid = { kind: 'invalid-key' };
      await expect(store.get(key)).rejects.toMatchObject(invalid);
      await expect(store.open(key)).rejects.toMatchObject(invalid);
      await expect(store.head(key)).rejects.toMatchObject(invalid);
      await expect(store.put(key, Buffer.of(1), { blind: true })).rejects.toMatchObject(invalid);
      await expect(store.delete(key, { blind: true })).rejects.toMatchObject(invalid);
      await expect(store.putData(key, chunks('x'))).rejects.toMatchObject(invalid);
      await expect(store.beginData(key)).rejects.toMatchObject(invalid);
      expect(await store.list('../', { limit: 10 })).toEqual({ entries: [], more: false });
      expect(await readdir(root)).toEqual(['data']);
      await store.close();
    },
  );

  test('a folder is not an object, and an object is not a folder', async () => {
    const store = await FsStore.open({ root: await makeRoot() });
    await store.put('x/a/b', Buffer.from('x'), { blind: true });
    expect(await store.get('x/a')).toBeUndefined();
    expect(await store.open('x/a')).toBeUndefined();
    expect(await store.head('x/a')).toBeUndefined();
    expect(await store.get('x/a/b/c')).toBeUndefined();
    await expect(store.put('x/a/b/c', Buffer.of(1), { blind: true })).rejects.toMatchObject({ kind: 'invalid-key' });
    await expect(store.put('x/a', Buffer.of(1), { blind: true })).rejects.toMatchObject({ kind: 'invalid-key' });
    await store.close();
  });
});

describe('versions', () => {
  test('do not repeat while the clock stands still or goes back', async () => {
    let now = Date.UTC(2026, 0, 1);
    const store = await FsStore.open({ root: await makeRoot(), clock: { now: () => now } });
    const versions = new Set<string>();
    for (let n = 0; n < 20; n++) {
      if (n > 10) now -= 3_600_000;
      await store.put('x/a', Buffer.from('same'), { blind: true });
      versions.add((await store.head('x/a'))?.version ?? '');
      await store.delete('x/a', { blind: true });
    }
    expect(versions.size).toBe(20);
    await store.close();
  });

  test('come after those that an earlier process wrote when the clock was ahead', async () => {
    const root = await makeRoot();
    const ahead = await FsStore.open({ root, clock: { now: () => Date.UTC(2027, 0, 1) } });
    await ahead.put('x/a', Buffer.from('old'), { blind: true });
    await ahead.close();
    const store = await FsStore.open({ root, clock: { now: () => Date.UTC(2026, 0, 1) } });
    const old = await store.head('x/a');
    await store.put('x/a', Buffer.from('new'), { blind: true });
    expect((await store.head('x/a'))?.modified.getTime()).toBeGreaterThanOrEqual(old?.modified.getTime() ?? Infinity);
    await store.close();
  });
});

describe('reading', () => {
  test('an object that is deleted while it is read is read to its end', async () => {
    const store = await FsStore.open({ root: await makeRoot() });
    const body = Buffer.alloc(3_000_000, 'x');
    await store.put('x/a', body, { blind: true });
    const opened = await store.open('x/a');
    await store.delete('x/a', { blind: true });
    let sizeBytes = 0;
    for await (const chunk of opened?.body ?? []) sizeBytes += Buffer.from(chunk as Uint8Array).length;
    expect(sizeBytes).toBe(3_000_000);
    await store.close();
  });

  test('no file stays open, however a read ends', async () => {
    const root = await makeRoot();
    const store = await FsStore.open({ root });
    await store.put('x/a', Buffer.alloc(3_000_000), { blind: true });
    for await (const _ of (await store.open('x/a'))?.body ?? []) break;
    for await (const _ of (await store.open('x/a', { start: 5, end: 9 }))?.body ?? []);
    for await (const _ of (await store.open('x/a', { start: 9, end: 9 }))?.body ?? []);
    const unread = await store.open('x/a');
    const closed = new Promise((resolve) => unread?.body.once('close', resolve));
    unread?.body.destroy();
    await closed;
    const aborting = new AbortController();
    const reading = store.open('x/a', { signal: aborting.signal });
    aborting.abort();
    await expect(reading).rejects.toThrow();
    expect(await openFiles(join(root, 'objects'))).toEqual([]);
    await store.close();
    expect(await openFiles(root)).toEqual([]);
  });

  test('an owner answers from memory what it has written or read, and never what is older', async () => {
    const calls: SystemCall[] = [];
    const root = await makeRoot();
    const store = await FsStore.open({ root, files: watchedFiles((call) => void calls.push(call)) });
    await store.put('x/a', Buffer.from('one'), { blind: true });
    calls.length = 0;
    expect((await store.get('x/a'))?.body.toString()).toBe('one');
    expect(await store.head('x/a')).toMatchObject({ sizeBytes: 3 });
    expect(calls).toEqual([]);
    await store.put('x/a', Buffer.from('two'), { blind: true });
    expect((await store.get('x/a'))?.body.toString()).toBe('two');
    await store.delete('x/a', { blind: true });
    expect(await store.get('x/a')).toBeUndefined();
    await store.close();
  });
});

describe('a store that only reads', () => {
  test('needs no folder, and makes none', async () => {
    const root = join(await makeRoot(), 'later');
    const reader = await FsStore.open({ root, readOnly: true });
    expect(await reader.get('x/a')).toBeUndefined();
    expect(await reader.head('x/a')).toBeUndefined();
    expect(await reader.open('x/a')).toBeUndefined();
    expect(await reader.list('x/', { limit: 10 })).toEqual({ entries: [], more: false });
    await expect(stat(root)).rejects.toMatchObject({ code: 'ENOENT' });
    const owner = await FsStore.open({ root });
    await owner.put('x/a', Buffer.from('now'), { blind: true });
    expect((await reader.get('x/a'))?.body.toString()).toBe('now');
    await owner.close();
    await reader.close();
  });

  test('sees every change of the owner at once, in lists, too', async () => {
    const root = await makeRoot();
    const owner = await FsStore.open({ root });
    const reader = await FsStore.open({ root, readOnly: true });
    for (let n = 0; n < 30; n++) {
      const put = await owner.put(`x/${n % 3}`, Buffer.from(`${n}`), { blind: true });
      expect((await reader.get(`x/${n % 3}`))?.body.toString()).toBe(String(n));
      const { entries } = await reader.list('x/', { limit: 10 });
      expect(entries).toContainEqual(expect.objectContaining(put === 'conflict' ? {} : put));
      if (n % 4 === 0) await owner.delete(`x/${n % 3}`, { blind: true });
      if (n % 4 === 0) expect((await reader.list(`x/${n % 3}`, { limit: 10 })).entries).toEqual([]);
    }
    await owner.close();
  });

  test('refuses every write', async () => {
    const reader = await FsStore.open({ root: await makeRoot(), readOnly: true });
    const refused = { kind: 'read-only' };
    await expect(reader.put('x/a', Buffer.of(1), { blind: true })).rejects.toMatchObject(refused);
    await expect(reader.delete('x/a', { blind: true })).rejects.toMatchObject(refused);
    await expect(reader.putData('d/a', chunks('x'))).rejects.toMatchObject(refused);
    await expect(reader.beginData('d/a')).rejects.toMatchObject(refused);
    await expect(reader.writePart('d/a', {}, { number: 1, offsetBytes: 0 }, chunks('x'))).rejects.toMatchObject(
      refused,
    );
    await expect(reader.completeData('d/a', {}, [])).rejects.toMatchObject(refused);
    await expect(reader.abortData('d/a', {})).rejects.toMatchObject(refused);
  });
});

describe('uploads in parts', () => {
  test('a writer that stalls is ended by the one that comes after it', async () => {
    const store = await FsStore.open({ root: await makeRoot() });
    const upload = await store.beginData('d/a');
    const part = { number: 1, offsetBytes: 0 };
    let begun = (): void => undefined;
    const beginning = new Promise<void>((resolve) => (begun = resolve));
    const stalls = async function* () {
      yield Buffer.from('stale, and longer');
      begun();
      await new Promise(() => undefined);
    };
    const stalled = store.writePart('d/a', upload, part, stalls());
    await beginning;
    const [stale, receipt] = await Promise.allSettled([stalled, store.writePart('d/a', upload, part, chunks('fresh'))]);
    expect(stale).toMatchObject({ status: 'rejected', reason: { kind: 'unavailable' } });
    await store.completeData('d/a', upload, receipt.status === 'fulfilled' ? [receipt.value] : []);
    expect((await store.get('d/a'))?.body.toString()).toBe('fresh');
    await store.close();
  });

  test('bytes that were acknowledged and are gone are told, not replaced by zeros', async () => {
    const root = await makeRoot();
    const store = await FsStore.open({ root });
    const upload = await store.beginData('d/a');
    const receipt = await store.writePart('d/a', upload, { number: 1, offsetBytes: 0 }, chunks('all of it'));
    await writeFile(join(root, 'parts/d/a'), 'half');
    const corrupt = { kind: 'corrupt' };
    const next = store.writePart('d/a', upload, { number: 2, offsetBytes: 9 }, chunks('more'));
    await expect(next).rejects.toMatchObject(corrupt);
    await expect(store.completeData('d/a', upload, [receipt])).rejects.toMatchObject(corrupt);
    expect(await store.head('d/a')).toBeUndefined();
    await rm(join(root, 'parts/d/a'));
    await expect(store.completeData('d/a', upload, [receipt])).rejects.toMatchObject({ kind: 'unknown-upload' });
    await store.close();
  });
});

/** The files below a folder that this process has open. */
async function openFiles(root: string): Promise<string[]> {
  const numbers = await readdir('/proc/self/fd');
  const paths = await Promise.all(numbers.map((number) => readlink(`/proc/self/fd/${number}`).catch(() => '')));
  return paths.filter((path) => path.startsWith(root));
}

describe('what is not there', () => {
  test('is asked of the disk once, and made without asking again', async () => {
    const root = await makeRoot();
    const calls: SystemCall[] = [];
    const files = watchedFiles((call) => void calls.push(call));
    const store = await FsStore.open({ root, files });
    expect(await store.get('x/a')).toBeUndefined();
    calls.length = 0;
    expect([await store.get('x/a'), await store.head('x/a')]).toEqual([undefined, undefined]);
    await store.put('x/a', Buffer.from('1'), { ifAbsent: true });
    expect(calls.filter(({ name }) => name === 'stat' || name === 'handle.read')).toEqual([]);
    expect(calls.filter(({ name, path }) => name === 'open' && path.endsWith('objects/x/a'))).toEqual([]);
    expect((await store.get('x/a'))?.body.toString()).toBe('1');
    await store.close();
  });

  test('is known without the disk in folders that this process has made or listed', async () => {
    const root = await makeRoot();
    const calls: string[] = [];
    const files = watchedFiles(({ name, path }) => {
      if (path.includes('/objects/')) calls.push(`${name} ${path.slice(path.indexOf('/objects/') + 9)}`);
    });
    const store = await FsStore.open({ root, files });
    const ask = async (key: string) => [await store.get(key), await store.head(key), await store.open(key)];
    const absent = [undefined, undefined, undefined];
    expect(await ask('l/0a/app/@/1')).toEqual(absent);
    await store.put('l/0a/app/@/1', Buffer.from('1'), { ifAbsent: true });
    expect(await ask('l/0a/app/@/2')).toEqual(absent);
    await store.put('l/0a/app/@/2', Buffer.from('2'), { ifAbsent: true });
    const folders = ['l', 'l/0a', 'l/0a/app', 'l/0a/app/@'].map((folder) => `mkdir ${folder}`);
    expect(calls.splice(0)).toEqual([...folders, 'rename l/0a/app/@/1', 'rename l/0a/app/@/2']);
    await store.close();

    const later = await FsStore.open({ root, files });
    calls.length = 0;
    expect(await later.get('l/0a/app/@/3')).toBeUndefined();
    expect(calls.splice(0)).toEqual(['open l/0a/app/@/3']);
    await later.list('l/0a/app/@/', { limit: 1 });
    calls.length = 0;
    expect([await later.get('l/0a/app/@/4'), await later.get('x/y')]).toEqual([undefined, undefined]);
    expect(calls).toEqual([]);
    await later.close();
  });

  test('is found once a data object of any kind was made there', async () => {
    const store = await FsStore.open({ root: await makeRoot() });
    for (const key of ['d/small', 'd/large', 'd/parts']) expect(await store.get(key)).toBeUndefined();
    await store.putData('d/small', chunks('small'));
    await store.putData('d/large', chunks('x'.repeat(70_000)));
    const upload = await store.beginData('d/parts');
    const receipt = await store.writePart('d/parts', upload, { number: 1, offsetBytes: 0 }, chunks('part'));
    expect(await store.get('d/parts')).toBeUndefined();
    await store.completeData('d/parts', upload, [receipt]);
    const sizes = ['d/small', 'd/large', 'd/parts'].map(async (key) => (await store.head(key))?.sizeBytes);
    expect(await Promise.all(sizes)).toEqual([5, 70_000, 4]);
    await store.close();
  });
});
