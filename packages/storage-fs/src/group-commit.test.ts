import { describe, expect, test } from '@jest/globals';
import type { Chunks } from '@atoll/storage';
import { FsStore } from './fs-store.js';
import { thisProcess } from './process-identity.js';
import { openOnDisk, ROOT } from './testing/open-on-disk.js';
import type { PowerCutDisk } from './testing/power-cut-disk.js';

const text = (value: string) => Buffer.from(value);
const blind = { blind: true } as const;

async function* stream(sizeBytes: number): Chunks {
  yield Buffer.alloc(sizeBytes, 'x');
}

describe('what is flushed', () => {
  test('one flush of the log for a change, whatever folders are new, and one more when the log begins', async () => {
    const { store, flushesOf } = await openOnDisk();
    expect(await flushesOf(() => store.put('r/0a/app', text('1'), { ifAbsent: true }))).toEqual(['log/1', 'log']);
    expect(await flushesOf(() => store.put('r/0b/x/y/app', text('1'), blind))).toEqual(['log/1']);
    expect(await flushesOf(() => store.put('r/0a/app', text('2'), blind))).toEqual(['log/1']);
    expect(await flushesOf(() => store.putData('d/small', stream(65_536)))).toEqual(['log/1']);
    expect(await flushesOf(() => store.delete('r/0a/app', blind))).toEqual(['log/1']);
    await store.close();
  });

  test('the log grows a sixteenth of its length ahead, and records take the place of zeros', async () => {
    const { disk, store, reopen } = await openOnDisk({ segmentBytes: 16_000 });
    const sizes = new Set<number>();
    for (let n = 0; n < 20; n++) {
      await store.put(`x/${n}`, Buffer.alloc(100, 'x'), blind);
      sizes.add((await disk.files.readFile(`${ROOT}/log/1`)).length);
    }
    expect(sizes.size).toBeLessThan(5);
    const later = await reopen('power cut');
    expect((await later.list('x/', { limit: 100 })).entries).toHaveLength(20);
    await later.close();
  });

  test('a log that finds no room for zeros goes on without', async () => {
    const { store, fault } = await openOnDisk();
    let writes = 0;
    // The records are written first.
    fault.fail = (name, path) =>
      name === 'handle.write' && path.endsWith('log/1') && ++writes === 2 ? 'ENOSPC' : undefined;
    expect(await store.put('x/a', text('1'), blind)).not.toBe('conflict');
    expect(writes).toBe(2);
    await store.close();
  });

  test('nothing for a change that does not happen', async () => {
    const { store, flushesOf } = await openOnDisk();
    await store.put('x/a', text('1'), blind);
    const nothing = async () => {
      expect(await store.put('x/a', text('2'), { ifAbsent: true })).toBe('conflict');
      expect(await store.put('x/a', text('2'), { ifVersion: 'other' })).toBe('conflict');
      expect(await store.delete('x/a', { ifVersion: 'other' })).toBe('conflict');
      expect(await store.delete('x/b', blind)).toBe('absent');
    };
    expect(await flushesOf(nothing)).toEqual([]);
    await store.close();
  });

  test('two flushes for a large data object, and one for each new folder above it', async () => {
    const { store, flushesOf } = await openOnDisk();
    const first = await flushesOf(() => store.putData('d/large', stream(65_537)));
    expect(first.sort()).toEqual(['objects', 'objects/d', 'tmp/*']);
    expect(await flushesOf(() => store.putData('d/larger', stream(80_000)))).toEqual(['tmp/*', 'objects/d']);
    await store.close();
  });

  test('one flush for all changes that wait for it', async () => {
    const { store, flushesOf } = await openOnDisk();
    await store.put('x/first', text('x'), blind);
    const together = () => Promise.all(Array.from({ length: 40 }, (_, n) => store.put(`x/${n}`, text('x'), blind)));
    const flushes = await flushesOf(together);
    expect(flushes).toEqual(['log/1']);
    await store.close();
  });

  test('each changed file and folder once when the store is closed, and the log is gone', async () => {
    const { store, flushesOf, log } = await openOnDisk();
    for (const key of ['x/a', 'x/b', 'x/a', 'y/c']) await store.put(key, text('x'), blind);
    await store.delete('x/b', blind);
    const flushes = await flushesOf(() => store.close());
    // The names of the two new folders are flushed apart.
    const names = ['objects', 'objects', 'objects/x', 'objects/y'];
    expect(flushes.sort()).toEqual(['log', ...names, 'objects/x/a', 'objects/y/c'].sort());
    expect(await log()).toEqual([]);
  });

  test('everything at once where the system can do that', async () => {
    const at: { disk?: PowerCutDisk } = {};
    const opened = await openOnDisk({ flushAll: async () => at.disk?.flushAll() ?? true });
    at.disk = opened.disk;
    for (const key of ['x/a', 'x/b', 'y/c']) await opened.store.put(key, text('x'), blind);
    expect(await opened.flushesOf(() => opened.store.close())).toEqual(['/', 'log']);
    const store = await opened.reopen('power cut');
    expect((await store.list('', { limit: 10 })).entries.map(({ key }) => key)).toEqual(['x/a', 'x/b', 'y/c']);
    await store.close();
  });

  test('full segments go while the store is used', async () => {
    const { store, log, reopen } = await openOnDisk({ segmentBytes: 4_000 });
    for (let n = 0; n < 60; n++) await store.put(`x/${n % 7}`, Buffer.alloc(1_000, `${n} `), blind);
    expect((await log()).length).toBeLessThanOrEqual(5);
    const later = await reopen('power cut');
    for (let n = 53; n < 60; n++)
      expect((await later.get(`x/${n % 7}`))?.body.toString()).toMatch(new RegExp(`^${n} `));
    await later.close();
  });

  test('changes wait when files are flushed more slowly than the log grows', async () => {
    let release = (): void => undefined;
    const slow = new Promise<boolean>((resolve) => (release = () => resolve(true)));
    const { store, log } = await openOnDisk({ segmentBytes: 1_000, flushAll: () => slow });
    let acknowledged = 0;
    const put = async (n: number) => {
      await store.put(`x/${n}`, Buffer.alloc(2_000), blind);
      acknowledged++;
    };
    const putting = Array.from({ length: 8 }, (_, n) => n).reduce(
      (before, n) => before.then(() => put(n)),
      Promise.resolve(),
    );
    for (let turns = 0; turns < 2_000; turns++) await Promise.resolve();
    expect([acknowledged, (await log()).length]).toEqual([3, 3]);
    release();
    await putting;
    await store.close();
    expect([acknowledged, await log()]).toEqual([8, []]);
  });
});

describe('after a death', () => {
  test('an object has its bytes and its time, also where its file looks right and only the disk does not have it', async () => {
    const { store, reopen } = await openOnDisk();
    await store.put('x/a', text('1'), blind);
    const before = await store.head('x/a');
    const later = await reopen('killed');
    expect((await later.head('x/a'))?.modified).toEqual(before?.modified);
    await later.close();
    const last = await reopen('power cut');
    expect((await last.get('x/a'))?.body.toString()).toBe('1');
    await last.close();
  });

  test('a change that was told to have failed is not there once a later one was acknowledged', async () => {
    const { store, fault, reopen } = await openOnDisk();
    await store.put('x/a', text('old'), blind);
    fault.fail = (name) => (name === 'handle.datasync' ? 'EIO' : undefined);
    await expect(store.put('x/a', text('new'), blind)).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(store.delete('x/a', blind)).rejects.toMatchObject({ kind: 'unavailable' });
    delete fault.fail;
    await store.put('x/b', text('other'), blind);
    for (const how of ['killed', 'power cut'] as const) {
      const later = await reopen(how);
      expect((await later.get('x/a'))?.body.toString()).toBe('old');
      expect((await later.get('x/b'))?.body.toString()).toBe('other');
    }
  });

  test('a change that the folder had no room for is not carried out later', async () => {
    const { store, fault, reopen } = await openOnDisk();
    await store.put('x/a', text('old'), blind);
    fault.fail = (name, path) => (name === 'rename' && path.endsWith('x/a') ? 'ENOSPC' : undefined);
    await expect(store.put('x/a', text('new'), blind)).rejects.toMatchObject({ kind: 'full' });
    delete fault.fail;
    await store.put('x/b', text('other'), blind);
    const later = await reopen('power cut');
    expect((await later.get('x/a'))?.body.toString()).toBe('old');
    await later.close();
  });

  test('a data object that did not pass through the log outlives an earlier one of its key', async () => {
    const { store, reopen } = await openOnDisk();
    await store.putData('d/a', stream(10));
    await store.delete('d/a', blind);
    await store.putData('d/a', stream(70_000));
    for (const how of ['killed', 'power cut'] as const) {
      expect((await (await reopen(how)).get('d/a'))?.body.length).toBe(70_000);
    }
  });

  test('files that could not be flushed stop the store, and the next one writes them again', async () => {
    const { store, fault, reopen } = await openOnDisk({ segmentBytes: 2_000 });
    fault.fail = (name, path) => (name === 'handle.sync' && path.includes('/objects/x/') ? 'EIO' : undefined);
    const acknowledged: string[] = [];
    const failing = async () => {
      for (let n = 0; ; n++) {
        await store.put(`x/${n}`, Buffer.alloc(900, 'x'), blind);
        acknowledged.push(`x/${n}`);
      }
    };
    await expect(failing()).rejects.toMatchObject({ kind: 'unavailable', message: expect.stringContaining('start') });
    expect((await store.get('x/0'))?.body.length).toBe(900);
    await expect(store.close()).rejects.toMatchObject({ kind: 'unavailable' });
    delete fault.fail;
    // What this one reads is in memory only; flushed once more without being written again, it would be lost.
    await (await reopen('killed')).close();
    const last = await reopen('power cut');
    for (const key of acknowledged) expect((await last.get(key))?.body).toEqual(Buffer.alloc(900, 'x'));
    await last.close();
  });
});

describe('beside the owner', () => {
  /** A store whose owner has died, in a boot of that name, and another process that reads it. */
  async function leftBehind(boot: string) {
    const opened = await openOnDisk();
    await opened.store.put('x/a', text('1'), blind);
    const segment = await opened.disk.files.open(`${ROOT}/log/1`, 'r+');
    await segment.write(Buffer.from(boot.padEnd(56, '\0')), 0, 56, 40);
    const reader = await FsStore.open({ root: ROOT, files: opened.disk.files, readOnly: true });
    return { ...opened, reader };
  }

  test('what a boot before this one may have torn is not read until the owner has opened the folder', async () => {
    const { reader, reopen } = await leftBehind('another boot');
    const waiting = { kind: 'unavailable', message: expect.stringContaining('owner') };
    await expect(reader.get('x/a')).rejects.toMatchObject(waiting);
    await expect(reader.head('x/a')).rejects.toMatchObject(waiting);
    await expect(reader.open('x/a')).rejects.toMatchObject(waiting);
    await expect(reader.list('x/', { limit: 1 })).rejects.toMatchObject(waiting);
    const owner = await reopen('power cut');
    expect((await reader.get('x/a'))?.body.toString()).toBe('1');
    await owner.close();
  });

  test('what a killed process has left is read at once', async () => {
    const { reader } = await leftBehind(thisProcess().bootId);
    expect((await reader.get('x/a'))?.body.toString()).toBe('1');
  });

  test('of an owner on another machine nothing can be told', async () => {
    const { reader, disk } = await leftBehind('another boot');
    const handle = await disk.files.open(`${ROOT}/lock.1`, 'w');
    await handle.writeFile(JSON.stringify({ ...thisProcess(), hostname: 'elsewhere', nonce: 'n' }));
    expect((await reader.get('x/a'))?.body.toString()).toBe('1');
  });
});
