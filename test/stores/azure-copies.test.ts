import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { AzureStore } from '@atoll/storage-azure';
import { inPieces, sample } from '@atoll/storage/testing';
import { Azurite, AZURITE_CREDENTIALS } from './azurite.js';
import { FaultProxy, type Fault } from './fault-proxy.js';

/** Two blocks and a little. */
const LARGE = sample(2_100_000);
const SMALL = LARGE.subarray(0, 1_000_000);

let azurite: Azurite;
let proxy: FaultProxy;
let source: AzureStore;
beforeAll(async () => {
  azurite = await Azurite.start();
  proxy = await FaultProxy.start(azurite.origin);
  // By the same host as the destination: Azurite reads from nowhere else.
  source = openSource(proxy.origin);
  await source.putData('d/small', inPieces(SMALL, 100_000));
  await source.putData('d/large', inPieces(LARGE, 1_000_000));
}, 600_000);
afterAll(async () => {
  await proxy.stop();
  await azurite.stop();
});

function openSource(origin: URL): AzureStore {
  return new AzureStore({
    url: azurite.url('source', { container: 'peer', origin }),
    credentials: AZURITE_CREDENTIALS,
  });
}

let opened = 0;
let store: AzureStore;
beforeEach(async () => {
  proxy.plan = () => undefined;
  store = new AzureStore({
    url: azurite.url(`copies-${opened++}`, { origin: proxy.origin }),
    credentials: AZURITE_CREDENTIALS,
    copiedBlockBytes: 1_000_000,
    retries: { attempts: 3, firstPauseMs: 1, maxPauseMs: 2 },
  });
  await store.head('x/clocks');
  proxy.takePassed();
});

async function copyLarge(): Promise<{ sizeBytes: number } | undefined> {
  return store.copyFrom(source, 'd/large', 'd/copy', { sizeBytes: LARGE.length });
}

async function holdsLarge(): Promise<boolean> {
  return (await store.get('d/copy'))?.body.equals(LARGE) === true;
}

test('a small blob is copied by one request', async () => {
  expect(await store.copyFrom(source, 'd/small', 'd/copy', { sizeBytes: SMALL.length })).toEqual({
    sizeBytes: SMALL.length,
  });
  expect(proxy.takeOperations()).toEqual(['Head Blob', 'Put Blob From URL']);
});

test('a large blob is copied in blocks, of which none passes through here', async () => {
  expect(await copyLarge()).toEqual({ sizeBytes: LARGE.length });
  // Reading the source, Azurite asks itself, and not by way of the proxy.
  expect(proxy.takeOperations()).toEqual([
    ...['Head Blob', 'Get Block List', 'Put Block From URL', 'Put Block From URL', 'Put Block From URL'],
    'Put Block List',
  ]);
  expect(await holdsLarge()).toBe(true);
});

test.each<Fault>(['lose answer', 'lose request', 'answer 500'])(
  'a copy that meets "%s" is made once',
  async (fault) => {
    proxy.breakNext('Put Blob From URL', fault);
    expect(await store.copyFrom(source, 'd/small', 'd/small', { sizeBytes: SMALL.length })).toEqual({
      sizeBytes: SMALL.length,
    });
    proxy.breakNext('Put Block From URL', fault);
    expect(await copyLarge()).toEqual({ sizeBytes: LARGE.length });
    expect(await holdsLarge()).toBe(true);
  },
);

test('a copy that is made again after a death goes on where it was', async () => {
  let blocks = 0;
  proxy.plan = ({ operation }) => (operation === 'Put Block From URL' && ++blocks > 1 ? 'lose request' : undefined);
  await expect(copyLarge()).rejects.toMatchObject({ kind: 'unavailable' });
  expect(await store.head('d/copy')).toBeUndefined();
  proxy.plan = () => undefined;
  proxy.takePassed();
  expect(await copyLarge()).toEqual({ sizeBytes: LARGE.length });
  expect(proxy.takeOperations()).toEqual([
    ...['Head Blob', 'Get Block List', 'Put Block From URL', 'Put Block From URL', 'Put Block List'],
  ]);
  expect(await holdsLarge()).toBe(true);
});

async function expectLeft(left: AzureStore): Promise<void> {
  expect(await store.copyFrom(left, 'd/large', 'd/large', { sizeBytes: LARGE.length })).toBeUndefined();
  expect((await store.list('', { limit: 10 })).entries).toEqual([]);
  // The name can be written to all the same.
  expect(await store.putData('d/large', inPieces(LARGE, 1_000_000))).toEqual({ sizeBytes: LARGE.length });
}

test('what the server does not get at is left to whoever streams, and nothing is to be seen', async () => {
  await expectLeft(openSource(azurite.origin));
});

test.each<[string, Fault]>([
  ['knows no such request', { status: 501, code: 'NotImplemented' }],
  ['does not know its header', { status: 400, code: 'UnsupportedHeader' }],
  ['may not read the source', { status: 403, code: 'CannotVerifyCopySource' }],
  ['waits too long for the source', { status: 500, code: 'CannotVerifyCopySource' }],
  ['is hidden by a proxy that answers itself', { status: 405 }],
])('what a server refuses that %s is left to whoever streams', async (_, fault) => {
  proxy.plan = ({ operation }) => (operation.endsWith('From URL') ? fault : undefined);
  expect(await store.copyFrom(source, 'd/small', 'd/small', { sizeBytes: SMALL.length })).toBeUndefined();
  await expectLeft(source);
});
