import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Version } from '@atoll/storage';
import { AzureStore } from '@atoll/storage-azure';
import { inPieces, readAll, sample } from '@atoll/storage/testing';
import { Azurite, AZURITE_CREDENTIALS } from './azurite.js';
import { FaultProxy, type Fault } from './fault-proxy.js';

const LARGE = sample(9_000_000);

let azurite: Azurite;
let proxy: FaultProxy;
beforeAll(async () => {
  azurite = await Azurite.start();
  proxy = await FaultProxy.start(azurite.origin);
}, 600_000);
afterAll(async () => {
  await proxy.stop();
  await azurite.stop();
});

let opened = 0;
let store: AzureStore;
beforeEach(() => {
  proxy.plan = () => undefined;
  store = new AzureStore({
    url: azurite.url(`outages-${opened++}`, { origin: proxy.origin }),
    credentials: AZURITE_CREDENTIALS,
    retries: { attempts: 4, firstPauseMs: 1, maxPauseMs: 2 },
    timeouts: { answerMs: 1_000, leastBytesPerSecond: 50_000_000 },
  });
});

function written(outcome: { version: Version } | 'conflict'): Version {
  if (outcome === 'conflict') throw new Error('a conflict');
  return outcome.version;
}

/** Every call that there is, with what it has to come to. */
async function expectEverything(): Promise<void> {
  const ifVersion = written(await store.put('x/a', Buffer.from('one'), { ifAbsent: true }));
  expect(await store.put('x/a', Buffer.from('other'), { ifAbsent: true })).toBe('conflict');
  const version = written(await store.put('x/a', Buffer.from('two'), { ifVersion }));
  expect(await store.put('x/a', Buffer.from('late'), { ifVersion })).toBe('conflict');
  expect((await store.get('x/a'))?.body.toString()).toBe('two');
  expect(await store.head('x/a')).toMatchObject({ version });
  expect(await store.delete('x/a', { ifVersion })).toBe('conflict');
  expect(await store.delete('x/a', { blind: true })).toBe('deleted');
  expect(await store.putData('d/a', inPieces(LARGE, 1_000_000))).toEqual({ sizeBytes: LARGE.length });
  const upload = await store.beginData('d/b');
  const receipt = await store.writePart('d/b', upload, { number: 1, offsetBytes: 0 }, inPieces(LARGE, 1_000_000));
  expect(await store.completeData('d/b', upload, [receipt])).toEqual({ sizeBytes: LARGE.length });
  expect(await store.copyFrom(store, 'd/a', 'd/c', { sizeBytes: LARGE.length })).toEqual({ sizeBytes: LARGE.length });
  await store.abortData('d/d', await store.beginData('d/d'));
  expect((await store.list('', { limit: 10 })).entries.map(({ key }) => key)).toEqual(['d/a', 'd/b', 'd/c']);
  for (const key of ['d/b', 'd/c']) {
    const body = (await store.open(key, { start: 1_000 }))?.body;
    expect(body && (await readAll(body)).equals(LARGE.subarray(1_000))).toBe(true);
  }
}

test.each<[string, Fault, Fault?]>([
  ['is busy', { status: 503, code: 'ServerBusy' }],
  ['is busy and says for how long', { status: 503, code: 'ServerBusy', headers: { 'retry-after': '0' } }],
  ['is asked too often', { status: 429, code: 'TooManyRequests' }],
  ['runs out of time', { status: 500, code: 'OperationTimedOut' }, 'answer 500'],
  ['has a proxy in front that has lost it', { status: 502 }, { status: 503 }],
  ['closes connections', 'lose request', 'lose answer'],
  ['does what it is asked and hangs', { delayMs: Infinity }],
])('every call goes through where the server %s, whichever request meets it', async (_, ...faults) => {
  const met = new Map<string, number>();
  proxy.plan = ({ operation }) => {
    const nth = met.get(operation) ?? 0;
    met.set(operation, nth + 1);
    return faults[nth];
  };
  await expectEverything();
  expect([...met.values()].every((count) => count > faults.length - 1)).toBe(true);
});

test('parts that take long arrive, as long as they are not slower than a connection may be', async () => {
  proxy.plan = ({ operation }) => (operation === 'Put Block' ? { delayMs: 300 } : undefined);
  expect(await store.putData('d/a', inPieces(LARGE, 1_000_000))).toEqual({ sizeBytes: LARGE.length });
  proxy.plan = ({ operation }) => (operation === 'Put Block' ? { delayMs: Infinity } : undefined);
  await expect(store.putData('d/b', inPieces(LARGE, 1_000_000))).rejects.toMatchObject({ kind: 'unavailable' });
});

test.each<[string, Fault]>([
  ['denied', { status: 403, code: 'AuthenticationFailed' }],
  ['denied', { status: 401, code: 'InvalidAuthenticationInfo' }],
  ['unavailable', { status: 503, code: 'ServerBusy' }],
  ['unavailable', 'lose request'],
])('a store that is %s by %j for a while writes nothing meanwhile, and goes on by itself', async (kind, fault) => {
  await store.put('x/first', Buffer.of(1), { blind: true });
  proxy.plan = () => fault;
  const body = () => inPieces(LARGE, 1_000_000);
  await expect(store.put('x/a', Buffer.from('one'), { ifAbsent: true })).rejects.toMatchObject({ kind });
  await expect(store.putData('d/a', body())).rejects.toMatchObject({ kind });
  await expect(store.get('x/a')).rejects.toMatchObject({ kind });
  await expect(store.list('', { limit: 5 })).rejects.toMatchObject({ kind });
  await expect(store.delete('x/first', { blind: true })).rejects.toMatchObject({ kind });
  proxy.plan = () => undefined;
  expect((await store.list('', { limit: 5 })).entries.map(({ key }) => key)).toEqual(['x/first']);
  expect(await store.delete('x/first', { blind: true })).toBe('deleted');
  await expectEverything();
});
