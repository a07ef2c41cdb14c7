import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ObjectStore, Version } from '@atoll/storage';
import { AzureStore } from '@atoll/storage-azure';
import { inPieces, readAll, sample } from '@atoll/storage/testing';
import { Azurite, AZURITE_CREDENTIALS } from './azurite.js';
import { FaultProxy, type Fault } from './fault-proxy.js';

let azurite: Azurite;
let proxy: FaultProxy;
let store: ObjectStore;
let opened = 0;
beforeAll(async () => {
  azurite = await Azurite.start();
  proxy = await FaultProxy.start(azurite.origin);
}, 600_000);
afterAll(async () => {
  await proxy.stop();
  await azurite.stop();
});

beforeEach(async () => {
  proxy.plan = () => undefined;
  store = openStore(`faults-${opened++}`, 3);
  // The first write of a store compares clocks.
  await put('x/first', 'one');
  proxy.takeOperations();
});

function openStore(prefix: string, attempts: number): ObjectStore {
  return new AzureStore({
    url: azurite.url(prefix, { origin: proxy.origin }),
    credentials: AZURITE_CREDENTIALS,
    retries: { attempts, firstPauseMs: 1, maxPauseMs: 2 },
    timeouts: { idleMs: 100 },
  });
}

async function put(key: string, text: string, ifVersion?: Version): Promise<Version> {
  const condition = ifVersion === undefined ? ({ ifAbsent: true } as const) : { ifVersion };
  const outcome = await store.put(key, Buffer.from(text), condition);
  if (outcome === 'conflict') throw new Error(`a conflict at ${key}`);
  return outcome.version;
}

async function textOf(key: string): Promise<string | undefined> {
  return (await store.get(key))?.body.toString();
}

const UNANSWERED: Fault[] = ['lose answer', 'answer 500', 'lose request'];

describe.each(UNANSWERED)('a write that meets "%s"', (fault) => {
  test('creates once, and knows that it did', async () => {
    proxy.breakNext('Put Blob', fault);
    const version = await put('x/a', 'mine');
    expect(await store.head('x/a')).toMatchObject({ version });
    expect(await textOf('x/a')).toBe('mine');
    expect(await store.put('x/a', Buffer.from('other'), { ifAbsent: true })).toBe('conflict');
  });

  test('replaces once, and knows that it did', async () => {
    const before = await put('x/a', 'before');
    proxy.breakNext('Put Blob', fault);
    const version = await put('x/a', 'mine', before);
    expect(await store.head('x/a')).toMatchObject({ version });
    expect(await textOf('x/a')).toBe('mine');
  });

  test('deletes, and says so', async () => {
    const ifVersion = await put('x/a', 'one');
    proxy.breakNext('Delete Blob', fault);
    expect(await store.delete('x/a', { ifVersion })).toBe('deleted');
    await put('x/b', 'one');
    proxy.breakNext('Delete Blob', fault);
    expect(await store.delete('x/b', { blind: true })).toBe('deleted');
    expect(await textOf('x/b')).toBeUndefined();
  });

  test('makes a data object of a stream, small or large', async () => {
    const large = sample(9_000_000);
    proxy.breakNext('Put Blob', fault);
    expect(await store.putData('d/small', inPieces(Buffer.from('small'), 5))).toEqual({ sizeBytes: 5 });
    proxy.breakNext('Put Block List', fault);
    expect(await store.putData('d/large', inPieces(large, 1_000_000))).toEqual({ sizeBytes: large.length });
    proxy.breakNext('Put Block', fault);
    expect(await store.putData('d/larger', inPieces(large, 1_000_000))).toEqual({ sizeBytes: large.length });
    expect((await store.get('d/large'))?.body.equals(large)).toBe(true);
    expect((await store.get('d/larger'))?.body.equals(large)).toBe(true);
  });

  test('writes a part and completes an upload', async () => {
    const bytes = sample(5_000_000);
    const upload = await store.beginData('d/parts');
    proxy.breakNext('Put Block', fault);
    const receipt = await store.writePart('d/parts', upload, { number: 1, offsetBytes: 0 }, inPieces(bytes, 1_000_000));
    proxy.breakNext('Put Block List', fault);
    expect(await store.completeData('d/parts', upload, [receipt])).toEqual({ sizeBytes: bytes.length });
    expect((await store.get('d/parts'))?.body.equals(bytes)).toBe(true);
  });
});

test('a write whose every answer is lost is looked for at the end', async () => {
  proxy.breakNext('Put Blob', 'lose answer', 'lose answer', 'lose answer');
  const version = await put('x/a', 'mine');
  expect(await store.head('x/a')).toMatchObject({ version });
  proxy.breakNext('Put Blob', 'lose request', 'lose request', 'lose request');
  await expect(put('x/b', 'mine')).rejects.toMatchObject({ kind: 'unavailable' });
  expect(await textOf('x/b')).toBeUndefined();
});

test('of a write that is sent again and a rival one wins, and the other is told so', async () => {
  const ifVersion = await put('x/a', 'before');
  const direct = azureDirectly();
  await direct.put('x/other', Buffer.of(1), { ifAbsent: true });
  let rival: ReturnType<ObjectStore['put']> | undefined;
  proxy.plan = ({ operation }) => {
    if (operation !== 'Put Blob' || rival !== undefined) return undefined;
    rival = direct.put('x/a', Buffer.from('rival'), { ifVersion });
    return 'lose request';
  };
  const mine = await store.put('x/a', Buffer.from('mine'), { ifVersion });
  const outcomes = [mine, await rival];
  expect(outcomes.filter((outcome) => outcome === 'conflict')).toHaveLength(1);
  expect(await textOf('x/a')).toBe(mine === 'conflict' ? 'rival' : 'mine');
});

test('25 that create one key while answers are lost: one wins, and its bytes are there', async () => {
  let nth = 0;
  // None has so little luck that all of its attempts are lost.
  const patient = openStore(`faults-${opened++}`, 25);
  proxy.plan = ({ operation }) => (operation === 'Put Blob' && nth++ % 3 === 0 ? 'lose answer' : undefined);
  for (const round of [1, 2, 3]) {
    const key = `race/${round}`;
    const racers = Array.from({ length: 25 }, (_, n) => `racer ${n}`);
    const outcomes = await Promise.all(racers.map((racer) => patient.put(key, Buffer.from(racer), { ifAbsent: true })));
    const winners = racers.filter((_, n) => outcomes[n] !== 'conflict');
    expect(winners).toHaveLength(1);
    expect((await patient.get(key))?.body.toString()).toBe(winners[0]);
  }
});

test('a body that is cut or stalls is taken up where it was', async () => {
  const bytes = sample(3_000_000);
  await store.putData('d/body', inPieces(bytes, 1_000_000));
  const faults: Fault[] = [{ cutBodyAfter: 1_000_000 }, { stallBodyAfter: 700_000 }, { cutBodyAfter: 0 }];
  proxy.breakNext('Get Blob', ...faults);
  const opened = await store.open('d/body');
  expect(opened && (await readAll(opened.body)).equals(bytes)).toBe(true);
  proxy.breakNext('Get Blob', { cutBodyAfter: 5 });
  const some = await store.open('d/body', { start: 10, end: 2_000_000 });
  expect(some && (await readAll(some.body)).equals(bytes.subarray(10, 2_000_000))).toBe(true);
  proxy.breakNext('Get Blob', { cutBodyAfter: 100 }, { cutBodyAfter: 100 });
  expect((await store.get('d/body'))?.body.equals(bytes)).toBe(true);
});

test('an object that was replaced while it was read does not mix with the new one', async () => {
  const old = sample(2_000_000);
  await store.put('x/a', old, { ifAbsent: true });
  proxy.breakNext('Get Blob', { stallBodyAfter: 500_000 });
  const opened = await store.open('x/a');
  await azureDirectly().put('x/a', sample(2_000_000, 'new'), { blind: true });
  await expect(opened && readAll(opened.body)).rejects.toThrow();
});

test('a list page that is cut is read again', async () => {
  await Promise.all(Array.from({ length: 30 }, (_, n) => put(`l/${String(n).padStart(2, '0')}`, 'x')));
  proxy.breakNext('List Blobs', { cutBodyAfter: 900 }, 'answer 500');
  expect((await store.list('l/', { limit: 100 })).entries).toHaveLength(30);
});

describe('what a call costs', () => {
  test.each<[string, () => Promise<unknown>, string[]]>([
    ['a create', async () => put('x/a', 'one'), ['Put Blob']],
    [
      'a create that finds another',
      async () => store.put('x/first', Buffer.of(1), { ifAbsent: true }),
      ['Put Blob', 'Head Blob'],
    ],
    ['a read', async () => store.get('x/first'), ['Get Blob']],
    ['a read of nothing', async () => store.get('x/none'), ['Get Blob']],
    ['a head', async () => store.head('x/first'), ['Head Blob']],
    ['a list of 1,000', async () => store.list('', { limit: 1_000 }), ['List Blobs']],
    ['a list from a key on', async () => store.list('x/', { after: 'x/a', limit: 5 }), ['List Blobs']],
    ['a delete', async () => store.delete('x/first', { blind: true }), ['Delete Blob']],
    [
      'a small data object',
      async () => store.putData('d/a', inPieces(Buffer.alloc(1_000_000), 1_000_000)),
      ['Put Blob'],
    ],
    [
      'a data object of 9 MB',
      async () => store.putData('d/a', inPieces(Buffer.alloc(9_000_000), 1_000_000)),
      ['Put Block', 'Put Block', 'Put Block List'],
    ],
    ['an upload that begins', async () => store.beginData('d/a'), []],
  ])('%s', async (_, call, operations) => {
    await call();
    expect(proxy.takeOperations()).toEqual(operations);
  });

  test('an upload in parts', async () => {
    const upload = await store.beginData('d/parts');
    const part = { number: 1, offsetBytes: 0 };
    const receipt = await store.writePart('d/parts', upload, part, inPieces(Buffer.alloc(9_000_000), 1_000_000));
    expect(proxy.takeOperations().sort()).toEqual(['Get Block List', 'Put Block', 'Put Block']);
    await store.completeData('d/parts', upload, [receipt]);
    expect(proxy.takeOperations()).toEqual(['Get Block List', 'Put Block List']);
    await store.abortData('d/parts', upload);
    expect(proxy.takeOperations()).toEqual(['Put Block', 'Put Block List', 'Head Blob']);
  });

  test('an upload that is given up, which drops its blocks', async () => {
    const upload = await store.beginData('d/parts');
    await store.writePart(
      'd/parts',
      upload,
      { number: 1, offsetBytes: 0 },
      inPieces(Buffer.alloc(9_000_000), 1_000_000),
    );
    proxy.takePassed();
    await store.abortData('d/parts', upload);
    expect(proxy.takeOperations()).toEqual(['Put Block', 'Put Block List', 'Delete Blob']);
    expect(await azurite.uncommittedBytes(`${prefixOf(store)}/d/parts`)).toBe(0);
  });

  test('a stream that breaks off, which leaves no blocks', async () => {
    const broken = inPieces(Buffer.alloc(20_000_000), 1_000_000, new Error('the client went away'));
    await expect(store.putData('d/a', broken)).rejects.toThrow('the client went away');
    expect(proxy.takeOperations()).toEqual(['Put Block', 'Put Block', 'Put Block List', 'Delete Blob']);
    expect(await azurite.uncommittedBytes(`${prefixOf(store)}/d/a`)).toBe(0);
  });
});

/** The same place without the proxy. */
function azureDirectly(): ObjectStore {
  return new AzureStore({ url: azurite.url(prefixOf(store)), credentials: AZURITE_CREDENTIALS });
}

function prefixOf({ url }: ObjectStore): string {
  return /registry\/([^?]+)/.exec(url)?.[1] ?? '';
}
