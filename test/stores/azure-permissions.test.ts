import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { probeStore } from '@atoll/storage';
import { AzureStore } from '@atoll/storage-azure';
import { inPieces } from '@atoll/storage/testing';
import { Azurite, AZURITE_CREDENTIALS } from './azurite.js';

const HOUR_MS = 3_600_000;

let server: Azurite;
let opened = 0;
beforeAll(async () => {
  server = await Azurite.start();
}, 600_000);
afterAll(() => server.stop());

async function signedStore(permissions: string, ttlMs = HOUR_MS): Promise<AzureStore> {
  const connectionString = await server.signature(permissions, new Date(Date.now() + ttlMs));
  return new AzureStore({ url: server.url(`permissions-${opened++}`), credentials: [{ connectionString }] });
}

test('what docs/drivers/azure.md lists for a signature is enough for a region', async () => {
  const store = await signedStore('rcwdl');
  expect(await probeStore(store)).toEqual({ conditionalDelete: true });
  expect(await store.putData('d/a', inPieces(Buffer.alloc(9_000_000), 1_000_000))).toEqual({ sizeBytes: 9_000_000 });
  const upload = await store.beginData('d/b');
  await store.writePart('d/b', upload, { number: 1, offsetBytes: 0 }, inPieces(Buffer.alloc(10), 5));
  await store.abortData('d/b', upload);
  expect(await store.copyFrom(store, 'd/a', 'd/copy', { sizeBytes: 9_000_000 })).toEqual({ sizeBytes: 9_000_000 });
});

test.each([
  ['r', 'cwdl', 'may not read blobs: it needs the data action blobs/read, or r in its signature'],
  ['l', 'rcwd', 'may not list blobs: it needs the data action blobs/read on the container, or l in its signature'],
  ['w', 'rcdl', 'may not write blobs: it needs the data actions blobs/write and blobs/add/action, or c and w'],
  ['d', 'rcwl', 'may not delete blobs: it needs the data action blobs/delete, or d in its signature'],
])('without %s the start is refused with a sentence that says so', async (_, permissions, sentence) => {
  const failure = await probeStore(await signedStore(permissions)).catch((cause: unknown) => cause);
  expect(failure).toMatchObject({ kind: 'denied' });
  expect(String(failure)).toContain(`the identity ${sentence}`);
});

test('a signature for a container shows whether versions are kept, and what it cannot show is not known', async () => {
  const store = await signedStore('rcwdl');
  const verdicts = (await store.inspect()).map(({ name, verdict }) => `${name}: ${verdict}`);
  expect(verdicts).toEqual(['versioning: fine', 'retention: unknown', 'soft delete: unknown', 'lifecycle: unknown']);
});

test('a peer is read with less, and is not written', async () => {
  const url = server.url(`permissions-${opened++}`);
  await new AzureStore({ url, credentials: AZURITE_CREDENTIALS }).put('x/a', Buffer.from('hello'), { blind: true });
  const connectionString = await server.signature('rl', new Date(Date.now() + HOUR_MS));
  const peer = new AzureStore({ url, credentials: [{ connectionString }] });
  expect((await peer.get('x/a'))?.body.toString()).toBe('hello');
  expect((await peer.list('', { limit: 5 })).entries).toHaveLength(1);
  await expect(peer.put('x/b', Buffer.of(1), { blind: true })).rejects.toMatchObject({ kind: 'denied' });
});

test('a signature that has ended is told', async () => {
  const store = await signedStore('rcwdl', -60_000);
  const failure = await store.get('x/a').catch((cause: unknown) => cause);
  expect(failure).toMatchObject({ kind: 'denied' });
  expect(String(failure)).toContain('the signature has ended');
});

test('a wrong key is told', async () => {
  const credentials = [{ account: 'devstoreaccount1', key: Buffer.from('not the key').toString('base64') }];
  const failure = await new AzureStore({ url: server.url('x'), credentials })
    .get('x/a')
    .catch((cause: unknown) => cause);
  expect(failure).toMatchObject({ kind: 'denied' });
  expect(String(failure)).toMatch(/the key is wrong/);
});
