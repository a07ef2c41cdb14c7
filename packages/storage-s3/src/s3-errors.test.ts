import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { StorageErrorKind } from '@atoll/storage';
import { FAKE_CREDENTIALS } from './testing/fake-s3.js';
import { Stand } from './testing/stand.js';

let stand: Stand;
beforeEach(async () => {
  stand = await Stand.start();
});
afterEach(() => stand.stop());

test.each<[number, string, StorageErrorKind, number]>([
  [403, 'AccessDenied', 'denied', 1],
  [400, 'ExpiredToken', 'denied', 6],
  [403, 'SomethingNew', 'denied', 1],
  [301, 'PermanentRedirect', 'unsupported', 1],
  [400, 'AuthorizationHeaderMalformed', 'unsupported', 1],
  [400, 'KeyTooLongError', 'invalid-key', 1],
  [400, 'SomethingNew', 'unsupported', 1],
  [404, 'NoSuchBucket', 'unavailable', 1],
  [409, 'OperationAborted', 'unavailable', 6],
  [429, 'TooManyRequests', 'unavailable', 6],
  [500, 'InternalError', 'unavailable', 6],
  [501, 'NotImplemented', 'unsupported', 1],
  [503, 'SlowDown', 'unavailable', 6],
  [507, 'SomethingNew', 'full', 1],
])('%d %s of a blind put is %s after %d requests', async (status, code, kind, requests) => {
  const store = stand.open();
  await store.head('x/a');
  stand.fake.takeCounts();
  stand.fake.faults.add('PutObject', { kind: 'refuse', status, code }, 6);
  await expect(store.put('x/a', Buffer.from('one'), { blind: true })).rejects.toMatchObject({ kind });
  expect(stand.fake.takeCounts().PutObject).toBe(requests);
});

test.each([
  ['InvalidAccessKeyId', { ...FAKE_CREDENTIALS, accessKeyId: 'stranger' }],
  ['SignatureDoesNotMatch', { ...FAKE_CREDENTIALS, secretAccessKey: 'wrong-secret' }],
])('%s says what is wrong, and holds no secret however deep one looks', async (code, credentials) => {
  const store = stand.open({ credentials });
  const cause: unknown = await store.get('x/a').catch((thrown: unknown) => thrown);
  expect(cause).toMatchObject({ kind: 'denied', message: expect.stringContaining(code) });
  const text = inspect(cause, { depth: 20, showHidden: true });
  for (const secret of [credentials.accessKeyId, credentials.secretAccessKey, 'AWS4-HMAC', 'Signature=']) {
    expect(text).not.toContain(secret);
  }
});

test('credentials that have expired before their time are asked for again', async () => {
  let asked = 0;
  const credentials = async () => {
    asked += 1;
    return { ...FAKE_CREDENTIALS, expiration: new Date(Date.now() + 3_600_000) };
  };
  const store = stand.open({ credentials });
  await store.put('x/a', Buffer.from('one'), { blind: true });
  expect(asked).toBe(1);
  stand.fake.faults.add('PutObject', { kind: 'refuse', status: 400, code: 'ExpiredToken' });
  await store.put('x/a', Buffer.from('two'), { blind: true });
  expect(asked).toBe(2);
  // Its answer has no body to say what is wrong.
  stand.fake.faults.add('HeadObject', { kind: 'refuse', status: 400, code: 'ExpiredToken' });
  expect(await store.head('x/a')).toMatchObject({ sizeBytes: 3 });
  expect(asked).toBe(3);
});

test('a server that is not there is unavailable', async () => {
  const store = stand.open();
  await stand.fake.stop();
  await expect(store.get('x/a')).rejects.toMatchObject({ kind: 'unavailable' });
  stand = await Stand.start();
});

test('a bucket that is not there is told by every request but a HEAD, whose answer has no body to say so', async () => {
  const store = stand.open({ url: stand.fake.url('bucket').replace('bucket', 'nobodys') });
  const told = { kind: 'unavailable', message: expect.stringContaining('there is no such bucket') };
  await expect(store.get('x/a')).rejects.toMatchObject(told);
  await expect(store.open('x/a')).rejects.toMatchObject(told);
  await expect(store.list('x/', { limit: 1 })).rejects.toMatchObject(told);
  await expect(store.put('x/a', Buffer.from('one'), { ifAbsent: true })).rejects.toMatchObject(told);
  await expect(store.delete('x/a', { blind: true })).rejects.toMatchObject(told);
  await expect(store.beginData('d/a')).rejects.toMatchObject(told);
  expect(await store.head('x/a')).toBeUndefined();
});
