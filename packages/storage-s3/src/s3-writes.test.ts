import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ServerFault as Fault } from '@atoll/storage/faulty-server';
import { Stand } from './testing/stand.js';
import type { S3Store } from './s3-store.js';

let stand: Stand;
let store: S3Store;
beforeEach(async () => {
  stand = await Stand.start();
  store = stand.open();
  // The first write asks for the time.
  await store.put('x/first', Buffer.from('first'), { blind: true });
  stand.fake.takeCounts();
});
afterEach(() => stand.stop());

const slowDown: Fault = { kind: 'refuse', status: 503, code: 'SlowDown' };

describe('a put whose answer is lost', () => {
  test('has created its object, and says so', async () => {
    stand.fake.faults.add('PutObject', { kind: 'lose-answer' });
    const outcome = await store.put('x/a', Buffer.from('one'), { ifAbsent: true });
    expect(stand.fake.takeCounts()).toEqual({ PutObject: 2, GetObject: 1 });
    expect(outcome).toEqual({ version: (await store.head('x/a'))?.version });
  });

  test('has replaced its version, and says so', async () => {
    const first = await store.put('x/a', Buffer.from('one'), { ifAbsent: true });
    if (first === 'conflict') throw new Error('the key was there');
    stand.fake.faults.add('PutObject', { kind: 'lose-answer' });
    const outcome = await store.put('x/a', Buffer.from('two'), { ifVersion: first.version });
    expect(outcome).toEqual({ version: (await store.head('x/a'))?.version });
    expect((await store.get('x/a'))?.body.toString()).toBe('two');
  });

  test('says so also when no attempt has an answer', async () => {
    stand.fake.faults.add('PutObject', { kind: 'lose-answer' }, 6);
    const outcome = await store.put('x/a', Buffer.from('one'), { ifAbsent: true });
    expect(outcome).toEqual({ version: (await store.head('x/a'))?.version });
  });

  test('conflicts when the key was another’s all along', async () => {
    await store.put('x/a', Buffer.from('theirs'), { ifAbsent: true });
    stand.fake.faults.add('PutObject', { kind: 'lose-answer' });
    expect(await store.put('x/a', Buffer.from('ours'), { ifAbsent: true })).toBe('conflict');
    expect((await store.get('x/a'))?.body.toString()).toBe('theirs');
  });

  test('is sent again where it names no condition', async () => {
    stand.fake.faults.add('PutObject', { kind: 'lose-answer' });
    await expect(store.put('x/a', Buffer.from('one'), { blind: true })).resolves.not.toBe('conflict');
    expect(stand.fake.takeCounts()).toEqual({ PutObject: 2 });
  });
});

test('a put that a proxy sends twice finds its own bytes in the way, and has won', async () => {
  stand.fake.bucket('bucket').put('x/a', Buffer.from('ours'), {});
  await expect(store.put('x/a', Buffer.from('ours'), { ifAbsent: true })).resolves.toMatchObject({
    version: (await store.head('x/a'))?.version,
  });
});

test('a put that never arrives is no conflict, and leaves nothing', async () => {
  stand.fake.faults.add('PutObject', { kind: 'reset' }, 6);
  await expect(store.put('x/a', Buffer.from('one'), { ifAbsent: true })).rejects.toMatchObject({ kind: 'unavailable' });
  expect(stand.fake.takeCounts()).toEqual({ PutObject: 6, GetObject: 1 });
  expect(await store.head('x/a')).toBeUndefined();
});

test('a put that the server does not answer is given up and sent again', async () => {
  const hasty = stand.open({ timeouts: { answerMs: 200 } });
  stand.fake.faults.add('PutObject', { kind: 'hang' });
  await expect(hasty.put('x/a', Buffer.from('one'), { ifAbsent: true })).resolves.not.toBe('conflict');
});

test.each<[string, Fault]>([
  ['races another at this moment', { kind: 'refuse', status: 409, code: 'ConditionalRequestConflict' }],
  ['meets a neighbour that is being deleted', { kind: 'refuse', status: 409, code: 'ExistingObjectIsDirectory' }],
  ['comes too fast', slowDown],
  ['comes too fast for a proxy', { kind: 'refuse', status: 429, code: 'TooManyRequests' }],
  ['meets an error of the server', { kind: 'refuse', status: 500, code: 'InternalError' }],
  ['meets a proxy without a server', { kind: 'say', status: 502, text: '<html>bad gateway</html>' }],
  ['meets a connection that breaks', { kind: 'reset' }],
])('a put that %s is sent again, and is no conflict', async (_, fault) => {
  stand.fake.faults.add('PutObject', fault, 2);
  await expect(store.put('x/a', Buffer.from('one'), { ifAbsent: true })).resolves.not.toBe('conflict');
  expect(stand.fake.takeCounts()).toEqual({ PutObject: 3 });
});

test('an object in the place of a folder is an impossible key at once', async () => {
  stand.fake.faults.add('PutObject', { kind: 'refuse', status: 409, code: 'ObjectParentIsFile' });
  const put = store.put('x/a/b', Buffer.from('one'), { ifAbsent: true });
  await expect(put).rejects.toMatchObject({ kind: 'invalid-key' });
  expect(stand.fake.takeCounts()).toEqual({ PutObject: 1 });
});

test('a server that asks for a longer pause than a call may take is not asked again', async () => {
  stand.fake.faults.add('PutObject', { ...slowDown, retryAfter: '60' });
  const put = store.put('x/a', Buffer.from('one'), { blind: true });
  await expect(put).rejects.toMatchObject({ kind: 'unavailable' });
  expect(stand.fake.takeCounts()).toEqual({ PutObject: 1 });
});

test('a server that asks for a pause is given it', async () => {
  stand.fake.faults.add('PutObject', { ...slowDown, retryAfter: '1' });
  const began = performance.now();
  await store.put('x/a', Buffer.from('one'), { blind: true });
  expect(performance.now() - began).toBeGreaterThanOrEqual(990);
});

test('a delete whose answer is lost is sent again and finds nothing', async () => {
  stand.fake.faults.add('DeleteObject', { kind: 'lose-answer' });
  const version = (await store.head('x/first'))?.version ?? '';
  expect(await store.delete('x/first', { ifVersion: version })).toBe('absent');
  expect(await store.head('x/first')).toBeUndefined();
});

test('a store without conditional deletes refuses one before it asks', async () => {
  const poor = stand.open({ conditionalDelete: false });
  await poor.put('x/a', Buffer.from('one'), { blind: true });
  stand.fake.takeCounts();
  await expect(poor.delete('x/a', { ifVersion: 'any' })).rejects.toMatchObject({ kind: 'unsupported' });
  expect(stand.fake.takeCounts()).toEqual({});
});

test('a store that was opened to be read refuses every write before it asks', async () => {
  const peer = stand.open({ readOnly: true });
  const readOnly = { kind: 'read-only' };
  await expect(peer.put('x/a', Buffer.from('one'), { blind: true })).rejects.toMatchObject(readOnly);
  await expect(peer.delete('x/first', { blind: true })).rejects.toMatchObject(readOnly);
  await expect(peer.beginData('d/a')).rejects.toMatchObject(readOnly);
  expect(stand.fake.takeCounts()).toEqual({});
  expect((await peer.get('x/first'))?.body.toString()).toBe('first');
});

describe('a clock', () => {
  test.each([
    [40_000, 'behind'],
    [-40_000, 'ahead of'],
    [7_200_000, 'behind'],
    [-7_200_000, 'ahead of'],
  ])('that is off by %d ms writes nothing until it is set right, and reads', async (skewMs, direction) => {
    const early = stand.open();
    stand.fake.skewMs = skewMs;
    const put = early.put('x/a', Buffer.from('one'), { blind: true });
    await expect(put).rejects.toMatchObject({ kind: 'unavailable', message: expect.stringContaining(direction) });
    expect((await early.get('x/first'))?.body.toString()).toBe('first');
    expect(stand.fake.takeCounts().PutObject).toBeUndefined();
    stand.fake.skewMs = 0;
    await early.put('x/a', Buffer.from('one'), { blind: true });
  });
});
