import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ServerFault } from '@atoll/storage/faulty-server';
import type { GcsStore } from './gcs-store.js';
import { Stand } from './testing/stand.js';

let stand: Stand;
let store: GcsStore;
beforeEach(async () => {
  stand = await Stand.start();
  store = stand.open();
  // The first write asks for the time.
  await store.put('x/first', Buffer.from('first'), { blind: true });
  stand.fake.takeCounts();
});
afterEach(() => stand.stop());

const slowDown: ServerFault = { kind: 'refuse', status: 503, code: 'backendError' };

async function versionOf(key: string): Promise<string> {
  return (await store.head(key))?.version ?? 'absent';
}

describe('a put whose answer is lost', () => {
  test('has created its object, and says so', async () => {
    stand.fake.faults.add('InsertObject', { kind: 'lose-answer' });
    const outcome = await store.put('x/a', Buffer.from('one'), { ifAbsent: true });
    expect(stand.fake.takeCounts()).toEqual({ InsertObject: 2, GetMetadata: 1 });
    expect(outcome).toEqual({ version: await versionOf('x/a') });
  });

  test('has replaced its version, and says so', async () => {
    await store.put('x/a', Buffer.from('one'), { ifAbsent: true });
    const ifVersion = await versionOf('x/a');
    stand.fake.faults.add('InsertObject', { kind: 'lose-answer' });
    const outcome = await store.put('x/a', Buffer.from('two'), { ifVersion });
    expect(outcome).toEqual({ version: await versionOf('x/a') });
    expect((await store.get('x/a'))?.body.toString()).toBe('two');
  });

  test('says so also when no attempt has an answer', async () => {
    stand.fake.faults.add('InsertObject', { kind: 'lose-answer' }, 6);
    const outcome = await store.put('x/a', Buffer.from('one'), { ifAbsent: true });
    expect(outcome).toEqual({ version: await versionOf('x/a') });
  });

  test('conflicts when the key was another’s all along', async () => {
    await store.put('x/a', Buffer.from('them'), { ifAbsent: true });
    stand.fake.faults.add('InsertObject', { kind: 'lose-answer' });
    expect(await store.put('x/a', Buffer.from('ours'), { ifAbsent: true })).toBe('conflict');
    expect((await store.get('x/a'))?.body.toString()).toBe('them');
  });

  test('is sent again where it names no condition', async () => {
    stand.fake.faults.add('InsertObject', { kind: 'lose-answer' });
    await expect(store.put('x/a', Buffer.from('one'), { blind: true })).resolves.not.toBe('conflict');
    expect(stand.fake.takeCounts()).toEqual({ InsertObject: 2 });
  });
});

test('a put that a proxy sends twice finds its own bytes in the way, and has won', async () => {
  stand.fake.bucket('bucket').put('x/a', { body: Buffer.from('ours') }, {});
  const outcome = await store.put('x/a', Buffer.from('ours'), { ifAbsent: true });
  expect(outcome).toEqual({ version: await versionOf('x/a') });
});

test('a put that never arrives is no conflict, and leaves nothing', async () => {
  stand.fake.faults.add('InsertObject', { kind: 'reset' }, 6);
  await expect(store.put('x/a', Buffer.from('one'), { ifAbsent: true })).rejects.toMatchObject({ kind: 'unavailable' });
  expect(stand.fake.takeCounts()).toEqual({ InsertObject: 6, GetMetadata: 1 });
  expect(await store.head('x/a')).toBeUndefined();
});

test('a put that the server does not answer is given up and sent again', async () => {
  const hasty = stand.open({ timeouts: { answerMs: 200 } });
  stand.fake.faults.add('InsertObject', { kind: 'hang' });
  await expect(hasty.put('x/a', Buffer.from('one'), { ifAbsent: true })).resolves.not.toBe('conflict');
});

test.each<[string, ServerFault]>([
  ['comes too fast', slowDown],
  ['comes too fast for one name', { kind: 'refuse', status: 429, code: 'rateLimitExceeded' }],
  ['comes too fast by the words of a 403', { kind: 'refuse', status: 403, code: 'userRateLimitExceeded' }],
  ['meets an error of the server', { kind: 'refuse', status: 500, code: 'backendError' }],
  ['meets a server that waited too long', { kind: 'refuse', status: 408, code: 'requestTimeout' }],
  ['meets a proxy without a server', { kind: 'say', status: 502, text: '<html>bad gateway</html>' }],
  ['meets a connection that breaks', { kind: 'reset' }],
])('a put that %s is sent again, and is no conflict', async (_, fault) => {
  stand.fake.faults.add('InsertObject', fault, 2);
  await expect(store.put('x/a', Buffer.from('one'), { ifAbsent: true })).resolves.not.toBe('conflict');
  expect(stand.fake.takeCounts()).toEqual({ InsertObject: 3 });
});

test('a name that may be written once a second is written when its second has passed', async () => {
  stand.fake.bucket('bucket').limitsWrites = true;
  const patient = stand.open({ retries: { attempts: 60, firstPauseMs: 25, maxPauseMs: 100 } });
  await patient.put('x/hot', Buffer.from('one'), { ifAbsent: true });
  const ifVersion = await versionOf('x/hot');
  await expect(patient.put('x/hot', Buffer.from('two'), { ifVersion })).resolves.not.toBe('conflict');
  expect((await store.get('x/hot'))?.body.toString()).toBe('two');
});

test('a server that asks for a longer pause than a call may take is not asked again', async () => {
  stand.fake.faults.add('InsertObject', { ...slowDown, retryAfter: '60' });
  const put = store.put('x/a', Buffer.from('one'), { blind: true });
  await expect(put).rejects.toMatchObject({ kind: 'unavailable' });
  expect(stand.fake.takeCounts()).toEqual({ InsertObject: 1 });
});

test('a server that asks for a pause is given it', async () => {
  stand.fake.faults.add('InsertObject', { ...slowDown, retryAfter: '1' });
  const began = performance.now();
  await store.put('x/a', Buffer.from('one'), { blind: true });
  expect(performance.now() - began).toBeGreaterThanOrEqual(990);
});

describe('a delete whose answer is lost', () => {
  test('has deleted what it then does not find', async () => {
    const ifVersion = await versionOf('x/first');
    stand.fake.faults.add('DeleteObject', { kind: 'lose-answer' });
    expect(await store.delete('x/first', { ifVersion })).toBe('deleted');
    expect(await store.head('x/first')).toBeUndefined();
  });

  test('spares what another has put there since', async () => {
    const ifVersion = await versionOf('x/first');
    stand.fake.faults.add('DeleteObject', { kind: 'reset' });
    stand.fake.bucket('bucket').put('x/first', { body: Buffer.from('theirs') }, {});
    expect(await store.delete('x/first', { ifVersion })).toBe('conflict');
    expect((await store.get('x/first'))?.body.toString()).toBe('theirs');
  });
});

test('a store that was opened to be read refuses every write before it asks', async () => {
  const peer = stand.open({ readOnly: true });
  const readOnly = { kind: 'read-only' };
  await expect(peer.put('x/a', Buffer.from('one'), { blind: true })).rejects.toMatchObject(readOnly);
  await expect(peer.delete('x/first', { blind: true })).rejects.toMatchObject(readOnly);
  await expect(peer.beginData('d/a')).rejects.toMatchObject(readOnly);
  await expect(peer.copyFrom(store, 'x/first', 'd/a', { sizeBytes: 5 })).rejects.toMatchObject(readOnly);
  expect(stand.fake.takeCounts()).toEqual({});
  expect((await peer.get('x/first'))?.body.toString()).toBe('first');
});

test.each([
  [40_000, 'behind'],
  [-40_000, 'ahead of'],
])('while the clock is off by %d ms nothing is written, and reading goes on', async (skewMs, direction) => {
  const early = stand.open();
  await early.head('x/first');
  stand.fake.skewMs = skewMs;
  await early.head('x/first');
  stand.fake.takeCounts();
  const put = early.put('x/a', Buffer.from('one'), { blind: true });
  await expect(put).rejects.toMatchObject({ kind: 'unavailable', message: expect.stringContaining(direction) });
  expect((await early.get('x/first'))?.body.toString()).toBe('first');
  expect(stand.fake.takeCounts().InsertObject).toBeUndefined();
  stand.fake.skewMs = 0;
  await early.put('x/a', Buffer.from('one'), { blind: true });
});
