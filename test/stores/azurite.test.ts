import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { probeStore } from '@atoll/storage';
import { AzureStore } from '@atoll/storage-azure';
import { describeObjectStore } from '@atoll/storage/testing';
import { Azurite, AZURITE_CREDENTIALS, type AzuritePlace } from './azurite.js';

let server: Azurite;
let opened = 0;
beforeAll(async () => {
  server = await Azurite.start();
}, 600_000);
afterAll(() => server.stop());

/** Opens the same empty place as often as it is called. */
function emptyPlace(place: AzuritePlace = {}): () => AzureStore {
  const url = server.url(`place-${opened++}`, place);
  return () => new AzureStore({ url, credentials: AZURITE_CREDENTIALS });
}

describeObjectStore('AzureStore over Azurite', async () => {
  const open = emptyPlace();
  const store = open();
  const peer = emptyPlace({ container: 'peer' })();
  return { store, peer, reopen: async () => open(), close: () => store.close() };
});

test('the boot probe finds it fit', async () => {
  expect(await probeStore(emptyPlace()())).toEqual({ conditionalDelete: true });
});

test('what it tells of a container after its trials is what a region wants', async () => {
  const store = emptyPlace()();
  await probeStore(store);
  const verdicts = (await store.inspect()).map(({ name, verdict }) => `${name}: ${verdict}`);
  expect(verdicts).toEqual(['versioning: fine', 'retention: fine', 'soft delete: fine', 'lifecycle: unknown']);
});

test('a signed URL gives the bytes, and the type that was asked for, to whoever has it', async () => {
  const store = emptyPlace()();
  await store.put('x/a', Buffer.from('hello'), { ifAbsent: true });
  const url = (await store.presignGet('x/a', { ttlSeconds: 60, contentType: 'text/plain' })) ?? '';
  const answer = await fetch(url, { headers: { range: 'bytes=1-3' } });
  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([206, 'text/plain', 'ell']);
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(403);
  expect((await fetch(url.replace(/sig=[^&]{4}/, 'sig=AAAA'))).status).toBe(403);
});

test('a container that is not there is told, by reads too', async () => {
  const url = server.url('x').replace('/registry/', '/nothing/');
  const store = new AzureStore({ url, credentials: AZURITE_CREDENTIALS });
  const missing = /there is no such container \(ContainerNotFound/;
  await expect(store.get('x/a')).rejects.toThrow(missing);
  await expect(store.head('x/a')).rejects.toThrow(missing);
  await expect(store.list('', { limit: 1 })).rejects.toThrow(missing);
  await expect(store.put('x/a', Buffer.of(1), { ifAbsent: true })).rejects.toThrow(missing);
});

test('a connection string opens its own account', async () => {
  const endpoint = `${server.origin.origin}/devstoreaccount1`;
  const key = server.environment['AZURE_STORAGE_KEY'] ?? '';
  const connectionString = `DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=${key};BlobEndpoint=${endpoint}`;
  const credentials = [
    { connectionString: connectionString.replaceAll('devstoreaccount1', 'other') },
    { connectionString },
  ];
  const store = new AzureStore({ url: 'az://devstoreaccount1/registry/by-string', credentials });
  expect(await store.head('x/a')).toBeUndefined();
});
