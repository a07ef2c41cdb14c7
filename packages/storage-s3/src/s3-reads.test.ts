import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readAll, sample } from '@atoll/storage/testing';
import type { ServerFault as Fault } from '@atoll/storage/faulty-server';
import { Stand } from './testing/stand.js';
import type { S3Store } from './s3-store.js';

let stand: Stand;
let store: S3Store;
const bytes = sample(300_000);
beforeEach(async () => {
  stand = await Stand.start();
  store = stand.open();
  await store.put('x/a', bytes, { blind: true });
  stand.fake.takeCounts();
});
afterEach(() => stand.stop());

test('an object whose bytes are cut on the way is read again', async () => {
  stand.fake.faults.add('GetObject', { kind: 'truncate', afterBytes: 70_000 });
  expect((await store.get('x/a'))?.body.equals(bytes)).toBe(true);
  expect(stand.fake.takeCounts()).toEqual({ GetObject: 2 });
});

test.each([
  ['the whole', {}],
  ['a range', { start: 10, end: 250_000 }],
])('a stream of %s that is cut goes on where it was', async (_, range) => {
  stand.fake.faults.add('GetObject', { kind: 'truncate', afterBytes: 70_000 }, 3);
  const opened = await store.open('x/a', range);
  const end = 'end' in range ? range.end : undefined;
  expect(opened && (await readAll(opened.body)).equals(bytes.subarray('start' in range ? range.start : 0, end))).toBe(
    true,
  );
  expect(stand.fake.takeCounts()).toEqual({ GetObject: 4 });
});

test('a stream that gets nowhere fails', async () => {
  stand.fake.faults.add('GetObject', { kind: 'truncate', afterBytes: 0 }, 20);
  const opened = await store.open('x/a');
  await expect(opened && readAll(opened.body)).rejects.toMatchObject({ kind: 'unavailable' });
});

test('a stream that is cut never goes on with another object', async () => {
  stand.fake.faults.add('GetObject', { kind: 'truncate', afterBytes: 70_000 });
  const opened = await store.open('x/a');
  await store.put('x/a', sample(300_000, 'another'), { blind: true });
  await expect(opened && readAll(opened.body)).rejects.toMatchObject({ name: 'StorageError' });
});

test('a call that is aborted while the server hangs ends with the reason', async () => {
  stand.fake.faults.add('GetObject', { kind: 'hang' });
  const controller = new AbortController();
  const reason = new Error('enough');
  const asked = stand.fake.asked('GetObject');
  const got = store.get('x/a', { signal: controller.signal });
  await asked;
  controller.abort(reason);
  await expect(got).rejects.toBe(reason);
});

test('a call that is aborted between two attempts ends with the reason', async () => {
  const patient = stand.open({ retries: { firstPauseMs: 600_000, maxPauseMs: 600_000, withinMs: 10_000_000 } });
  stand.fake.faults.add('GetObject', { kind: 'reset' });
  const controller = new AbortController();
  const reason = new Error('enough');
  const asked = stand.fake.asked('GetObject');
  const got = patient.get('x/a', { signal: controller.signal });
  await asked;
  controller.abort(reason);
  await expect(got).rejects.toBe(reason);
});

test.each<[string, Fault]>([
  ['a web server that knows nothing of S3', { kind: 'say', status: 404, text: '<html>not found</html>' }],
  ['a missing bucket', { kind: 'refuse', status: 404, code: 'NoSuchBucket' }],
  ['missing rights', { kind: 'refuse', status: 403, code: 'AccessDenied' }],
])('%s is no absent object', async (_, fault) => {
  stand.fake.faults.add('GetObject', fault);
  await expect(store.get('x/none')).rejects.toMatchObject({ name: 'StorageError' });
});

test('pages that are cut short are put together', async () => {
  const keys = Array.from({ length: 10 }, (_, n) => `many/${n}`);
  for (const key of keys) await store.put(key, Buffer.from(key), { blind: true });
  stand.fake.takeCounts();
  stand.fake.faults.add('ListObjectsV2', { kind: 'cut-page', keys: 3 }, 2);
  const { entries, more } = await store.list('many/', { limit: 9 });
  expect(entries.map(({ key }) => key)).toEqual(keys.slice(0, 9));
  expect(more).toBe(true);
  expect(stand.fake.takeCounts()).toEqual({ ListObjectsV2: 3 });
});

test('what could not be a key is never asked for, and a list goes on behind it all the same', async () => {
  for (const key of ['x/!', 'x/0/a', 'y']) await store.put(key, Buffer.from(key), { blind: true });
  stand.fake.takeCounts();
  expect(await store.list('x//', { limit: 10 })).toEqual({ entries: [], more: false });
  expect(stand.fake.takeCounts()).toEqual({});
  const keysAfter = async (after: string) => (await store.list('', { after, limit: 10 })).entries.map(({ key }) => key);
  expect(await keysAfter('x//y')).toEqual(['x/0/a', 'x/a', 'y']);
  expect(await keysAfter('/x')).toEqual(['x/!', 'x/0/a', 'x/a', 'y']);
});

test('an empty page that says there is more is gone on from by its token', async () => {
  stand.fake.faults.add('ListObjectsV2', { kind: 'cut-page', keys: 0 });
  expect(await store.list('', { limit: 10 })).toMatchObject({ entries: [{ key: 'x/a' }], more: false });
  expect(stand.fake.takeCounts()).toEqual({ ListObjectsV2: 2 });
});

test('an answer that was cut says nothing about whether a key is there', async () => {
  stand.fake.faults.add('GetObject', { kind: 'truncate', afterBytes: 60 }, 2);
  expect(await store.get('x/none')).toBeUndefined();
  expect(stand.fake.takeCounts()).toEqual({ GetObject: 3 });
});

test.each<[string, Fault]>([
  ['breaks off', { kind: 'truncate', afterBytes: 200 }],
  ['is throttled', { kind: 'refuse', status: 503, code: 'SlowDown' }],
  ['is something else', { kind: 'say', status: 200, text: '<html>welcome</html>' }],
])('a list whose answer %s is asked for again', async (_, fault) => {
  stand.fake.faults.add('ListObjectsV2', fault);
  expect((await store.list('', { limit: 10 })).entries.map(({ key }) => key)).toEqual(['x/a']);
});

test('every call is one request', async () => {
  const counts = async (call: () => Promise<unknown>) => {
    await call();
    return stand.fake.takeCounts();
  };
  expect(await counts(() => store.get('x/a'))).toEqual({ GetObject: 1 });
  expect(await counts(() => store.head('x/a'))).toEqual({ HeadObject: 1 });
  expect(await counts(() => store.list('x/', { limit: 1_000 }))).toEqual({ ListObjectsV2: 1 });
  expect(await counts(() => store.put('x/b', Buffer.from('1'), { ifAbsent: true }))).toEqual({ PutObject: 1 });
  expect(await counts(() => store.delete('x/b', { blind: true }))).toEqual({ DeleteObject: 1 });
  expect(await counts(() => store.presignGet('x/a', { ttlSeconds: 9, contentType: 'a/b' }))).toEqual({});
});
