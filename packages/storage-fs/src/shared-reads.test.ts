import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { canLend, type Chunks } from '@atoll/storage';
import { FsStore } from './fs-store.js';
import { temporaryRoots } from './testing/temporary-root.js';
import { systemError, watchedFiles } from './testing/watched-files.js';

const makeRoot = temporaryRoots();
const CHUNK_BYTES = 2_097_152;
const SMALL_CHUNK_BYTES = 262_144;
const DATA = randomBytes(6 * CHUNK_BYTES + 1000);
const WHOLE_READS = 7;

async function* piecesOf(data: Buffer): Chunks {
  for (let at = 0; at < data.length; at += 100_000) yield data.subarray(at, at + 100_000);
}

async function openCounting() {
  const root = await makeRoot();
  const disk: { reads: number; fail?: boolean } = { reads: 0 };
  const files = watchedFiles(({ name }) => {
    if (name !== 'handle.read') return;
    disk.reads++;
    if (disk.fail) throw systemError('EIO');
  });
  const store = await FsStore.open({ root, files });
  await store.putData('d/a', piecesOf(DATA));
  disk.reads = 0;
  return { root, store, disk };
}

async function bodyOf(store: FsStore, key = 'd/a', options: Parameters<FsStore['open']>[1] = {}) {
  const body = (await store.open(key, options))?.body;
  if (body === undefined || !canLend(body)) throw new Error('nothing that lends');
  return body;
}

/** Everything that is lent, seen `turns` turns of the event loop after it was lent. */
async function lentBy(body: Awaited<ReturnType<typeof bodyOf>>, turns = 1): Promise<Buffer> {
  const taken: Buffer[] = [];
  await body.lend(async (bytes) => {
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
    taken.push(Buffer.from(bytes));
  });
  return Buffer.concat(taken);
}

test('eight streams of one object at a time read each piece of the file about once', async () => {
  const { store, disk } = await openCounting();
  const bodies = await Promise.all(Array.from({ length: 8 }, () => bodyOf(store)));
  const all = await Promise.all(bodies.map((body, at) => lentBy(body, 1 + at)));
  expect(all.every((bytes) => bytes.equals(DATA))).toBe(true);
  expect(disk.reads).toBeLessThanOrEqual(WHOLE_READS + 2);
  await store.close();
});

test('streams of one object one after the other read it each for itself', async () => {
  const { store, disk } = await openCounting();
  for (let times = 0; times < 2; times++) expect((await lentBy(await bodyOf(store))).equals(DATA)).toBe(true);
  expect(disk.reads).toBe(2 * WHOLE_READS);
  await store.close();
});

test('a stream that is aborted disturbs no other, whoever of them reads', async () => {
  const { store } = await openCounting();
  for (let turns = 0; turns < 12; turns++) {
    const stop = new AbortController();
    const aborted = lentBy(await bodyOf(store, 'd/a', { signal: stop.signal })).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    const others = Promise.all([lentBy(await bodyOf(store), 3), lentBy(await bodyOf(store))]);
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
    stop.abort();
    await aborted;
    expect((await others).every((bytes) => bytes.equals(DATA))).toBe(true);
  }
  await store.close();
});

test('a stream that was aborted before it lends reads nothing for others', async () => {
  const { store, disk } = await openCounting();
  const stop = new AbortController();
  const [gone, other] = [await bodyOf(store, 'd/a', { signal: stop.signal }), await bodyOf(store)];
  gone.once('error', () => undefined);
  stop.abort();
  await expect(lentBy(gone)).rejects.toThrow('aborted');
  expect(disk.reads).toBe(0);
  expect((await lentBy(other)).equals(DATA)).toBe(true);
  await store.close();
});

test('a fault of the disk is told to all streams', async () => {
  const { store, disk } = await openCounting();
  const bodies = [await bodyOf(store), await bodyOf(store), await bodyOf(store)];
  disk.fail = true;
  const ends = await Promise.allSettled(bodies.map((body) => lentBy(body)));
  for (const end of ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'EIO' } });
  await store.close();
});

test('a stream of what was replaced and one of what replaced it get each its own bytes', async () => {
  const { store } = await openCounting();
  const [one, two] = [randomBytes(5_000_000), randomBytes(5_000_000)];
  await store.put('m/a', one, { blind: true });
  const before = await bodyOf(store, 'm/a');
  await store.put('m/a', two, { blind: true });
  const after = await bodyOf(store, 'm/a');
  const [first, second] = await Promise.all([lentBy(before, 4), lentBy(after)]);
  expect(first.equals(one)).toBe(true);
  expect(second.equals(two)).toBe(true);
  await store.close();
});

test('a file that is removed meanwhile is served to those who have it open', async () => {
  const { root, store } = await openCounting();
  const bodies = await Promise.all(Array.from({ length: 3 }, () => bodyOf(store)));
  const all = Promise.all(bodies.map((body, at) => lentBy(body, 1 + 5 * at)));
  await rm(join(root, 'objects/d/a'));
  expect((await all).every((bytes) => bytes.equals(DATA))).toBe(true);
  expect(await store.open('d/a')).toBeUndefined();
  await store.close();
});

test('ranges get their bytes beside streams of the whole', async () => {
  const { store } = await openCounting();
  const ranges = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, 1_234_567].map((start, at) => ({
    start,
    end: DATA.length - at * 1000,
  }));
  const bodies = await Promise.all([...ranges, ...ranges].map((range) => bodyOf(store, 'd/a', range)));
  const all = await Promise.all(bodies.map((body, at) => lentBy(body, 1 + (at % 3))));
  [...ranges, ...ranges].forEach(({ start, end }, at) => expect(all[at]?.equals(DATA.subarray(start, end))).toBe(true));
  await store.close();
});

test('many streams of different objects take little memory each, however long their clients take', async () => {
  const { store } = await openCounting();
  const keys = Array.from({ length: 40 }, (_, at) => `d/many-${at}`);
  const bytes = DATA.subarray(0, 3 * SMALL_CHUNK_BYTES);
  for (const key of keys) await store.putData(key, piecesOf(bytes));
  const made = jest.spyOn(Buffer, 'allocUnsafeSlow');
  const stop = Promise.withResolvers<void>();
  const bodies = await Promise.all(keys.map((key) => bodyOf(store, key)));
  const lending = bodies.map((body) => body.lend(() => stop.promise));
  await setTimeout(200);
  const takenBytes = made.mock.calls.reduce((sum, [sizeBytes]) => sum + sizeBytes, 0);
  made.mockRestore();
  stop.resolve();
  await Promise.all(lending);
  expect(takenBytes).toBeLessThanOrEqual(16 * CHUNK_BYTES + 24 * 2 * SMALL_CHUNK_BYTES);
  expect(takenBytes).toBeGreaterThan(40 * SMALL_CHUNK_BYTES);
  await store.close();
});
