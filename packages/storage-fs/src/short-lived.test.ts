import { describe, expect, test } from '@jest/globals';
import { FsStore } from './fs-store.js';
import { openOnDisk, ROOT } from './testing/open-on-disk.js';

const text = (value: string) => Buffer.from(value);
const blind = { blind: true } as const;
const shortLived = { shortLived: true };
const FILE = `${ROOT}/objects/x/a`;

/** A store with a short-lived object, and whether that has a file. */
async function openWithOne() {
  const opened = await openOnDisk();
  await opened.store.put('x/a', text('1'), blind, shortLived);
  const hasFile = async () => (await opened.disk.files.readdir(`${ROOT}/objects/x`)).includes('a');
  expect(await hasFile()).toBe(false);
  return { ...opened, hasFile };
}

describe('what is short-lived', () => {
  test('costs one flush when it is put and one when it is deleted, and no file', async () => {
    const { store, disk, flushesOf, reopen } = await openOnDisk();
    await store.put('x/first', text('1'), blind);
    const calls: string[] = [];
    const before = disk.watch;
    disk.watch = (name, path) => {
      calls.push(`${name} ${path.replace(`${ROOT}/`, '')}`);
      before(name, path);
    };
    expect(await flushesOf(() => store.put('x/a', text('1'), { ifAbsent: true }, shortLived))).toEqual(['log/1']);
    expect(await flushesOf(() => store.delete('x/a', blind))).toEqual(['log/1']);
    expect(calls.filter((call) => !call.endsWith('log/1'))).toEqual([]);
    expect(await store.get('x/a')).toBeUndefined();
    const later = await reopen('power cut');
    expect(await later.get('x/a')).toBeUndefined();
    await later.close();
  });

  test.each([
    { what: 'got', ask: (store: FsStore) => store.get('x/a') },
    { what: 'looked at', ask: (store: FsStore) => store.head('x/a') },
    { what: 'opened', ask: (store: FsStore) => store.open('x/a', { start: 1 }) },
    { what: 'listed', ask: (store: FsStore) => store.list('x/', { limit: 1 }) },
    { what: 'listed from within its name', ask: (store: FsStore) => store.list('x/a', { limit: 1 }) },
    { what: 'made again', ask: (store: FsStore) => store.put('x/a', text('2'), { ifAbsent: true }) },
    { what: 'replaced', ask: (store: FsStore) => store.put('x/a', text('2'), blind, shortLived), replaced: true },
    { what: 'deleted by a version', ask: (store: FsStore) => store.delete('x/a', { ifVersion: 'other' }) },
  ])('has a file once it is $what', async ({ ask, replaced }) => {
    const { store, hasFile } = await openWithOne();
    await ask(store);
    expect(await hasFile()).toBe(true);
    expect((await store.get('x/a'))?.body.toString()).toBe(replaced ? '2' : '1');
    expect((await store.list('x/', { limit: 9 })).entries).toHaveLength(1);
    await store.close();
  });

  test('has no file while others are asked for', async () => {
    const { store, hasFile } = await openWithOne();
    await store.put('y/a', text('1'), blind);
    await store.get('x/b');
    await store.list('y/', { limit: 1 });
    expect(await hasFile()).toBe(false);
    await store.close();
  });

  test('has a file when the store is closed, and the log is gone', async () => {
    const { store, hasFile, log } = await openWithOne();
    await store.close();
    expect([await hasFile(), await log()]).toEqual([true, []]);
  });

  test('has a file after a while, for those that read beside the owner', async () => {
    const { store, disk } = await openOnDisk({ showAfterMs: 1 });
    const reader = await FsStore.open({ root: ROOT, files: disk.files, readOnly: true });
    await store.put('x/a', text('1'), blind, shortLived);
    while (!(await reader.head('x/a'))) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(await store.delete('x/a', blind)).toBe('deleted');
    expect(await reader.head('x/a')).toBeUndefined();
    await store.close();
  });

  test('is deleted with what was there before', async () => {
    const { store, hasFile, reopen } = await openWithOne();
    await store.head('x/a');
    await store.put('x/a', text('2'), blind, shortLived);
    expect(await store.delete('x/a', blind)).toBe('deleted');
    expect([await hasFile(), await store.head('x/a')]).toEqual([false, undefined]);
    const later = await reopen('power cut');
    expect(await later.head('x/a')).toBeUndefined();
    await later.close();
  });

  test('keeps the version it was put with as a condition', async () => {
    const { store } = await openOnDisk();
    const first = await store.put('x/a', text('1'), { ifAbsent: true }, shortLived);
    const ifVersion = first === 'conflict' ? '' : first.version;
    expect(await store.put('x/a', text('2'), { ifVersion })).not.toBe('conflict');
    expect(await store.delete('x/a', { ifVersion })).toBe('conflict');
    await store.close();
  });

  test('is kept, tried again and told to whoever needs it, when its file cannot be made', async () => {
    const { store, fault, reopen, hasFile } = await openWithOne();
    fault.fail = (name, path) => (name === 'rename' && path === FILE ? 'ENOSPC' : undefined);
    const full = { kind: 'full' };
    await expect(store.get('x/a')).rejects.toMatchObject(full);
    await expect(store.list('', { limit: 1 })).rejects.toMatchObject(full);
    await expect(store.put('x/a', text('2'), blind)).rejects.toMatchObject(full);
    await expect(store.close()).rejects.toMatchObject(full);
    delete fault.fail;
    await expect(store.get('x/a')).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await hasFile()).toBe(false);
    const later = await reopen('power cut');
    expect((await later.get('x/a'))?.body.toString()).toBe('1');
    await later.close();
  });

  test('can be deleted when its file cannot be made', async () => {
    const { store, fault } = await openWithOne();
    fault.fail = (name, path) => (name === 'rename' && path === FILE ? 'ENOSPC' : undefined);
    await expect(store.get('x/a')).rejects.toMatchObject({ kind: 'full' });
    expect(await store.delete('x/a', blind)).toBe('deleted');
    expect(await store.get('x/a')).toBeUndefined();
    await store.close();
  });

  test('is still there when its deletion could not be logged', async () => {
    const { store, fault, reopen } = await openWithOne();
    fault.fail = (name) => (name === 'handle.datasync' ? 'EIO' : undefined);
    await expect(store.delete('x/a', blind)).rejects.toMatchObject({ kind: 'unavailable' });
    delete fault.fail;
    await store.put('x/b', text('other'), blind);
    expect((await store.get('x/a'))?.body.toString()).toBe('1');
    const later = await reopen('power cut');
    expect((await later.get('x/a'))?.body.toString()).toBe('1');
    await later.close();
  });

  test('that stays while the log fills gets a file, so that the log can go', async () => {
    const { store, log, reopen, disk } = await openOnDisk({ segmentBytes: 1_000 });
    await store.put('x/a', text('1'), blind, shortLived);
    for (let n = 0; n < 12; n++) await store.put('y/a', Buffer.alloc(2_000, `${n} `), blind);
    expect((await log()).length).toBeLessThanOrEqual(4);
    expect(await disk.files.readdir(`${ROOT}/objects/x`)).toEqual(['a']);
    const later = await reopen('power cut');
    expect((await later.get('x/a'))?.body.toString()).toBe('1');
    await later.close();
  });

  test('lets the log grow no longer than that when its file cannot be made, and goes on once it can', async () => {
    const { store, log, fault } = await openOnDisk({ segmentBytes: 1_000 });
    await store.put('x/a', text('1'), blind, shortLived);
    fault.fail = (name, path) => (name === 'rename' && path === FILE ? 'ENOSPC' : undefined);
    const filling = async () => {
      for (let n = 0; n < 12; n++) await store.put(`y/${n}`, Buffer.alloc(2_000), blind);
    };
    await expect(filling()).rejects.toMatchObject({ kind: 'full' });
    expect((await log()).length).toBeLessThanOrEqual(4);
    expect(await store.delete('x/a', blind)).toBe('deleted');
    await filling();
    await store.close();
    expect(await log()).toEqual([]);
  });

  test('is shown at once where there is too much of it to be kept in memory', async () => {
    const { store, disk } = await openOnDisk();
    await store.put('x/a', Buffer.alloc(4_194_304), blind, shortLived);
    expect(await disk.files.readdir(`${ROOT}/objects/x`)).toEqual(['a']);
    await store.close();
  });
});
