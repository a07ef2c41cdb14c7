import { writeFileSync } from 'node:fs';
import * as files from 'node:fs/promises';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { FsStore } from './fs-store.js';
import { OwnerLock } from './owner-lock.js';
import { livenessOf, startTimeOf, thisProcess, type ProcessIdentity } from './process-identity.js';
import { startOwner } from './testing/owner-process.js';
import { temporaryRoots } from './testing/temporary-root.js';
import { watchedFiles } from './testing/watched-files.js';

const makeRoot = temporaryRoots();

describe('one process owns a folder', () => {
  test('a second process is refused while the first lives, and takes over when it was killed', async () => {
    const root = await makeRoot();
    const owner = await startOwner(root, 'hold');
    await expect(FsStore.open({ root })).rejects.toMatchObject({
      kind: 'locked',
      message: expect.stringMatching(new RegExp(`^${root} is in use by process ${owner.pid} `)),
    });
    const reader = await FsStore.open({ root, readOnly: true });
    expect((await reader.get('m/owner'))?.body.toString()).toBe(String(owner.pid));

    await owner.kill();
    const successor = await FsStore.open({ root });
    expect((await successor.get('m/owner'))?.body.toString()).toBe(String(owner.pid));
    expect(await locks(root)).toEqual(['lock.2']);
    await successor.close();
    expect(await locks(root)).toEqual([]);
  });

  test('the same process is refused a second time, until it has closed the first store', async () => {
    const root = await makeRoot();
    const store = await FsStore.open({ root });
    await expect(FsStore.open({ root })).rejects.toMatchObject({ kind: 'locked' });
    await store.close();
    await store.close();
    await (await FsStore.open({ root })).close();
  });

  test('a store that closes waits for the writes under way', async () => {
    const store = await FsStore.open({ root: await makeRoot() });
    const order: string[] = [];
    const writing = store.put('x/a', Buffer.of(1), { blind: true }).then(() => order.push('written'));
    await store.close();
    order.push('closed');
    await writing;
    expect(order).toEqual(['written', 'closed']);
  });

  test('a closed store writes nothing', async () => {
    const store = await FsStore.open({ root: await makeRoot() });
    await store.close();
    await expect(store.put('x/a', Buffer.of(1), { blind: true })).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('of several that take over from a dead owner, one succeeds', async () => {
    for (let round = 0; round < 10; round++) {
      const root = await makeRoot();
      await mkdir(join(root, 'tmp'));
      await writeLock(root, 3, { ...thisProcess(), startTime: 'earlier' });
      const racers = await Promise.allSettled(Array.from({ length: 8 }, () => OwnerLock.acquire(files, root)));
      const refused = racers.filter((racer) => racer.status === 'rejected');
      expect(refused).toHaveLength(7);
      for (const { reason } of refused) expect(reason).toMatchObject({ kind: 'locked' });
      expect(await locks(root)).toEqual(['lock.4']);
      expect(await readdir(join(root, 'tmp'))).toEqual([]);
    }
  });

  test('who comes late finds the higher lock and steps back', async () => {
    const root = await makeRoot();
    await mkdir(join(root, 'tmp'));
    const overtaken = watchedFiles(({ name }) => {
      const owner = JSON.stringify({ ...thisProcess(), nonce: 'n' });
      if (name === 'link') writeFileSync(join(root, 'lock.5'), owner);
    });
    await expect(OwnerLock.acquire(overtaken, root)).rejects.toMatchObject({ kind: 'locked' });
    expect(await locks(root)).toEqual(['lock.5']);
  });

  test('an owner on another machine is not taken for dead, and the message names the file to remove', async () => {
    const root = await makeRoot();
    await writeLock(root, 7, { ...thisProcess(), hostname: 'other', bootId: 'other', pidNamespace: 'other' });
    await expect(FsStore.open({ root })).rejects.toMatchObject({
      kind: 'locked',
      message: expect.stringContaining(`remove ${join(root, 'lock.7')}`),
    });
  });

  test('a lock that cannot be read is not taken for a dead owner’s', async () => {
    const root = await makeRoot();
    await writeFile(join(root, 'lock.1'), 'not JSON');
    await expect(FsStore.open({ root })).rejects.toMatchObject({ kind: 'locked' });
  });
});

describe('livenessOf', () => {
  const self: ProcessIdentity = {
    pid: 10,
    startTime: '100',
    bootId: 'boot',
    pidNamespace: 'pid:[1]',
    hostname: 'here',
  };
  const startTime = (pid: number) => (pid === 20 ? '200' : undefined);

  test.each<[Partial<ProcessIdentity>, string, string]>([
    [{}, 'alive', 'a process that runs'],
    [{ hostname: 'renamed' }, 'alive', 'a process that runs since before the host was renamed'],
    [{ pid: 21 }, 'dead', 'a process that is gone'],
    [{ startTime: '150' }, 'dead', 'an earlier process of that number'],
    [{ bootId: 'earlier' }, 'dead', 'a process of an earlier boot'],
    [{ pidNamespace: 'pid:[2]' }, 'dead', 'a process of an earlier container of this name'],
    [{ bootId: 'other', pidNamespace: 'pid:[2]', hostname: 'there' }, 'elsewhere', 'a process of another machine'],
    [{ bootId: 'other', hostname: 'there' }, 'elsewhere', 'a process of another machine, in no container'],
    [{ pidNamespace: 'pid:[2]', hostname: 'there' }, 'elsewhere', 'a process of another container'],
  ])('%j is %s: %s', (difference, liveness) => {
    const other = { ...self, pid: 20, startTime: '200', ...difference };
    expect(livenessOf(other, self, startTime)).toBe(liveness);
  });

  test('this process lives, and started at one time', () => {
    expect(startTimeOf(process.pid)).toBe(thisProcess().startTime);
    expect(livenessOf(thisProcess(), thisProcess())).toBe('alive');
  });
});

async function writeLock(root: string, generation: number, owner: ProcessIdentity): Promise<void> {
  await writeFile(join(root, `lock.${generation}`), JSON.stringify({ ...owner, nonce: 'n' }));
}

async function locks(root: string): Promise<string[]> {
  return (await readdir(root)).filter((name) => name.startsWith('lock'));
}
