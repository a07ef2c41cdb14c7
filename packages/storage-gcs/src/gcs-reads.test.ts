import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ServerFault } from '@atoll/storage/faulty-server';
import { readAll, sample } from '@atoll/storage/testing';
import type { GcsStore } from './gcs-store.js';
import { Stand } from './testing/stand.js';

let stand: Stand;
let store: GcsStore;
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

test.each<[string, { start?: number; end?: number }]>([
  ['the whole', {}],
  ['a range', { start: 10, end: 250_000 }],
])('a stream of %s that is cut goes on where it was', async (_, range) => {
  stand.fake.faults.add('GetObject', { kind: 'truncate', afterBytes: 70_000 }, 3);
  const opened = await store.open('x/a', range);
  const read = opened && (await readAll(opened.body));
  expect(read?.equals(bytes.subarray(range.start, range.end))).toBe(true);
  expect(stand.fake.takeCounts()).toEqual({ GetObject: 4 });
});

test('a stream that gets nowhere fails', async () => {
  stand.fake.faults.add('GetObject', { kind: 'truncate', afterBytes: 0 }, 20);
  const opened = await store.open('x/a');
  await expect(opened && readAll(opened.body)).rejects.toMatchObject({ kind: 'unavailable' });
});

test.each([{ ignoresConditions: false }, { ignoresConditions: true }])(
  'a stream that is cut never goes on with another object: %p',
  async (options) => {
    await stand.stop();
    stand = await Stand.start(options);
    store = stand.open();
    await store.put('x/a', bytes, { blind: true });
    stand.fake.faults.add('GetObject', { kind: 'truncate', afterBytes: 70_000 });
    const opened = await store.open('x/a');
    await store.put('x/a', sample(300_000, 'another'), { blind: true });
    await expect(opened && readAll(opened.body)).rejects.toThrow(/was replaced while it was read/);
  },
);

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

test.each<[string, ServerFault]>([
  ['a web server that knows nothing of Cloud Storage', { kind: 'say', status: 404, text: '<html>not found</html>' }],
  ['a missing bucket', { kind: 'refuse', status: 404, code: 'NoSuchBucket' }],
  ['a missing right', { kind: 'refuse', status: 403, code: 'AccessDenied' }],
])('%s is no absent object', async (_, fault) => {
  stand.fake.faults.weather = () => fault;
  await expect(store.get('x/none')).rejects.toMatchObject({ name: 'StorageError' });
});

test('a 404 without a reason is an absent object only when the metadata is absent, too', async () => {
  stand.fake.faults.weather = (name) =>
    name === 'GetObject' ? { kind: 'say', status: 404, text: 'Not Found' } : undefined;
  expect(await store.get('x/none')).toBeUndefined();
  await expect(store.get('x/a')).rejects.toMatchObject({ kind: 'unavailable' });
});

test('pages that are cut short are put together', async () => {
  const keys = Array.from({ length: 10 }, (_, n) => `many/${n}`);
  for (const key of keys) await store.put(key, Buffer.from(key), { blind: true });
  stand.fake.takeCounts();
  stand.fake.faults.add('ListObjects', { kind: 'cut-page', keys: 3 }, 2);
  const { entries, more } = await store.list('many/', { limit: 9 });
  expect(entries.map(({ key }) => key)).toEqual(keys.slice(0, 9));
  expect(more).toBe(true);
  expect(stand.fake.takeCounts()).toEqual({ ListObjects: 3 });
});

test('a page of a thousand keys takes one request', async () => {
  const bucket = stand.fake.bucket('bucket');
  for (let n = 0; n < 1_001; n++) bucket.put(`many/${10_000 + n}`, { body: Buffer.of(1) }, {});
  const { entries, more } = await store.list('many/', { limit: 1_000 });
  expect([entries.length, more]).toEqual([1_000, true]);
  expect(stand.fake.takeCounts()).toEqual({ ListObjects: 1 });
});

test.each([{ limit: 5 }, { limit: 1_000 }])('a list whose answer is cut is asked for again: %p', async ({ limit }) => {
  stand.fake.faults.add('ListObjects', { kind: 'truncate', afterBytes: 20 });
  expect((await store.list('x/', { limit })).entries).toHaveLength(1);
});
