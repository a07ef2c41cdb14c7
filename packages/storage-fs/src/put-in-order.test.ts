import { describe, expect, test } from '@jest/globals';
import type { OrderedPut } from '@atoll/storage';
import { openOnDisk, ROOT } from './testing/open-on-disk.js';

const ifAbsent = { ifAbsent: true } as const;
const KEYS = ['d/a', 'l/x/a', 'b/a'];

const puts = (keys = KEYS): OrderedPut[] => keys.map((key) => ({ key, body: Buffer.from(key), condition: ifAbsent }));

describe('puts in order', () => {
  test('share one flush, and are made one after the other', async () => {
    const { store, disk, flushesOf } = await openOnDisk();
    await store.put('x/first', Buffer.from('x'), ifAbsent);
    const made: string[] = [];
    const watch = disk.watch;
    disk.watch = (name, path) => {
      watch(name, path);
      if (name === 'rename') made.push(path.replace(`${ROOT}/objects/`, ''));
    };
    let outcomes: unknown[] = [];
    expect(await flushesOf(async () => (outcomes = await store.putInOrder(puts())))).toEqual(['log/1']);
    expect(made).toEqual(KEYS);
    expect(outcomes).toEqual(
      await Promise.all(KEYS.map(async (key) => ({ version: (await store.head(key))?.version }))),
    );
    await store.close();
  });

  test.each([0, 1, 2])('end with the first that conflicts: number %s', async (at) => {
    const { store, reopen, flushesOf } = await openOnDisk();
    await store.put(KEYS[at] ?? '', Buffer.from('old'), ifAbsent);
    let outcomes: unknown[] = [];
    const flushes = await flushesOf(async () => (outcomes = await store.putInOrder(puts())));
    expect(flushes).toEqual(at === 0 ? [] : ['log/1']);
    expect([outcomes.length, outcomes.at(-1)]).toEqual([at + 1, 'conflict']);
    for (const asked of [store, await reopen('power cut')]) {
      const bodies = await Promise.all(KEYS.map(async (key) => (await asked.get(key))?.body.toString()));
      expect(bodies).toEqual(KEYS.map((key, n) => (n < at ? key : n === at ? 'old' : undefined)));
    }
  });

  test.each([0, 1, 2])('end with the first that the folder has no room for: number %s', async (at) => {
    const { store, fault, reopen } = await openOnDisk();
    fault.fail = (name, path) => (name === 'rename' && path.endsWith(KEYS[at] ?? '') ? 'ENOSPC' : undefined);
    await expect(store.putInOrder(puts())).rejects.toMatchObject({ kind: 'full' });
    delete fault.fail;
    await store.put('x/later', Buffer.from('x'), ifAbsent);
    const wanted = [...KEYS.slice(0, at), 'x/later'].sort();
    for (const asked of [store, await reopen('power cut')]) {
      expect((await asked.list('', { limit: 10 })).entries.map(({ key }) => key)).toEqual(wanted);
    }
  });

  test('are undone from the last on in the log, which may end between them', async () => {
    const { store, fault, disk, reopen } = await openOnDisk();
    fault.fail = (name, path) => (name === 'rename' && path.endsWith('d/a') ? 'ENOSPC' : undefined);
    await expect(store.putInOrder(puts())).rejects.toMatchObject({ kind: 'full' });
    delete fault.fail;
    await store.put('x/later', Buffer.from('x'), ifAbsent);
    // The last byte of the second of three records that undo, and all that follow it.
    const log = await disk.files.readFile(`${ROOT}/log/1`);
    const voids = [...log.keys()].filter(
      (at) => log.readUInt8(at) === 2 && log.subarray(at + 1, at + 6).every((b) => !b),
    );
    const handle = await disk.files.open(`${ROOT}/log/1`, 'r+');
    await handle.write(Buffer.alloc(log.length), 0, log.length - (voids[1] ?? 0), voids[1] ?? 0);
    await handle.sync();
    const later = await reopen('power cut');
    const found = (await later.list('', { limit: 10 })).entries.map(({ key }) => key);
    expect(found).toEqual(['d/a', 'l/x/a']);
    await later.close();
  });

  test('that name the same keys wait for each other, in whatever order they name them', async () => {
    const { store } = await openOnDisk();
    const orders = [KEYS, [...KEYS].reverse()];
    const [first, other] = await Promise.all(orders.map((keys) => store.putInOrder(puts(keys))));
    expect([first?.length, other]).toEqual([3, ['conflict']]);
    expect((await store.list('', { limit: 10 })).entries).toHaveLength(3);
    await store.close();
  });

  test('find what is only in the log, and replace it', async () => {
    const { store } = await openOnDisk();
    const first = await store.put('l/x/a', Buffer.from('old'), { blind: true }, { shortLived: true });
    const ifVersion = first === 'conflict' ? '' : first.version;
    expect(await store.putInOrder(puts())).toEqual([expect.anything(), 'conflict']);
    const next = { key: 'l/x/a', body: Buffer.from('new'), condition: { ifVersion } };
    expect(await store.putInOrder([next])).toHaveLength(1);
    expect((await store.get('l/x/a'))?.body.toString()).toBe('new');
    await store.close();
  });

  test('are none where none are asked for', async () => {
    const { store, flushesOf } = await openOnDisk();
    expect(await flushesOf(() => store.putInOrder([]))).toEqual([]);
    await store.close();
  });
});
