import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { StorageErrorKind } from '@atoll/storage';
import { inPieces, sample } from '@atoll/storage/testing';
import type { GcsStore } from './gcs-store.js';
import { Stand } from './testing/stand.js';

let stand: Stand;
beforeEach(async () => {
  stand = await Stand.start();
});
afterEach(() => stand.stop());

test.each<[number, string, StorageErrorKind, number]>([
  [403, 'forbidden', 'denied', 1],
  [403, 'accountDisabled', 'denied', 1],
  [403, 'rateLimitExceeded', 'unavailable', 6],
  [403, 'retentionPolicyNotMet', 'denied', 1],
  [400, 'SomethingNew', 'unsupported', 1],
  [404, 'SomethingNew', 'unavailable', 1],
  [408, 'requestTimeout', 'unavailable', 6],
  [429, 'rateLimitExceeded', 'unavailable', 6],
  [500, 'backendError', 'unavailable', 6],
  [501, 'notImplemented', 'unsupported', 1],
  [503, 'backendError', 'unavailable', 6],
])('%d %s of a blind put is %s after %d requests', async (status, code, kind, requests) => {
  const store = stand.open();
  await store.head('x/a');
  stand.fake.takeCounts();
  stand.fake.faults.add('InsertObject', { kind: 'refuse', status, code }, 6);
  await expect(store.put('x/a', Buffer.from('one'), { blind: true })).rejects.toMatchObject({ kind });
  expect(stand.fake.takeCounts().InsertObject).toBe(requests);
});

const calls: Record<string, (store: GcsStore) => Promise<unknown>> = {
  'storage.objects.get': (store) => store.get('x/a'),
  'storage.objects.list': (store) => store.list('x/', { limit: 1 }),
  'storage.objects.create': (store) => store.put('x/b', Buffer.of(1), { ifAbsent: true }),
  'storage.objects.delete': (store) => store.delete('x/a', { blind: true }),
  'storage.multipartUploads.create': (store) => store.beginData('d/a'),
  'storage.multipartUploads.abort': async (store) => store.abortData('d/a', await store.beginData('d/a')),
};

test.each(Object.keys(calls))('a missing %s is told by its name', async (permission) => {
  const store = stand.open();
  await store.put('x/a', Buffer.of(1), { blind: true });
  stand.fake.denied.add(permission);
  const told = new RegExp(`the identity lacks ${permission.replaceAll('.', '\\.')}; docs/drivers/gcs.md lists`);
  await expect(calls[permission]?.(store)).rejects.toMatchObject({
    kind: 'denied',
    message: expect.stringMatching(told),
  });
});

test('a bucket that is not there is told, by reads too', async () => {
  const store = stand.open({ url: stand.fake.url('bucket').replace('gs://bucket/', 'gs://nothing/') });
  const missing = /there is no such bucket \(NoSuchBucket, HTTP 404/;
  await expect(store.get('x/a')).rejects.toThrow(missing);
  await expect(store.head('x/a')).rejects.toThrow(missing);
  await expect(store.list('', { limit: 1 })).rejects.toThrow(missing);
  await expect(store.put('x/a', Buffer.of(1), { ifAbsent: true })).rejects.toThrow(missing);
  await expect(store.putData('d/a', inPieces(sample(9), 3))).rejects.toThrow(missing);
});

test('no error holds a token, however deep one looks', async () => {
  const store = stand.open();
  await store.head('x/a');
  stand.fake.faults.add('GetObject', { kind: 'refuse', status: 403, code: 'AccessDenied' });
  const cause: unknown = await store.get('x/a').catch((thrown: unknown) => thrown);
  const text = inspect(cause, { depth: 20, showHidden: true });
  expect(text).toContain('AccessDenied');
  for (const secret of ['Bearer', 'ya29.', 'PRIVATE KEY']) expect(text).not.toContain(secret);
});

test('a server that is not there is unavailable', async () => {
  const store = stand.open();
  await store.head('x/a');
  await stand.stop();
  await expect(store.get('x/a')).rejects.toMatchObject({ kind: 'unavailable' });
  stand = await Stand.start();
});
