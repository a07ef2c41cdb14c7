import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { parseGcsUrl } from './gcs-location.js';
import { chooseIdentity } from './choose-identity.js';
import { ANONYMOUS } from './identity.js';
import { Stand } from './testing/stand.js';

const KEPT = ['GCE_METADATA_HOST', 'METADATA_SERVER_DETECTION', 'GOOGLE_APPLICATION_CREDENTIALS', 'HOME'];
const before = new Map(KEPT.map((name) => [name, process.env[name]]));

let stand: Stand;
beforeEach(async () => {
  stand = await Stand.start();
  stand.fake.bucket('bucket').put('x/a', { body: Buffer.from('hello') }, {});
});
afterEach(async () => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await stand.stop();
});

/** As in a pod whose service account stands for one of Google's. */
function onMachine(): void {
  process.env['GCE_METADATA_HOST'] = stand.fake.endpoint.replace('http://', '');
  process.env['METADATA_SERVER_DETECTION'] = 'assume-present';
  process.env['HOME'] = '/nonexistent';
  delete process.env['GOOGLE_APPLICATION_CREDENTIALS'];
}

function chain() {
  const location = parseGcsUrl('gs://bucket');
  return chooseIdentity({ location, proxies: {}, signingEndpoint: stand.fake.endpoint });
}

test('a key file opens the bucket, with one token for many requests', async () => {
  const store = stand.open();
  await Promise.all(Array.from({ length: 20 }, () => store.head('x/a')));
  expect((await store.get('x/a'))?.body.toString()).toBe('hello');
});

test('a token that is worth nothing any more is renewed, and the request sent again', async () => {
  const store = stand.open();
  await store.put('x/b', Buffer.from('one'), { ifAbsent: true });
  stand.fake.identities.revoke();
  await expect(store.put('x/c', Buffer.from('two'), { ifAbsent: true })).resolves.not.toBe('conflict');
  const many = await Promise.all(Array.from({ length: 20 }, () => store.head('x/a')));
  expect(many.every((info) => info?.sizeBytes === 5)).toBe(true);
});

test.each([
  ['{"type":"service_account"}', /holds no usable credentials/],
  ['no JSON', /holds no usable credentials/],
])('a key file that holds %s is told in a sentence', async (content, told) => {
  writeFileSync(stand.keyFile, content);
  await expect(stand.open().get('x/a')).rejects.toMatchObject({ kind: 'denied', message: expect.stringMatching(told) });
});

test('a key that is gone is told in a sentence, and one that is renewed in its file is taken', async () => {
  const good = stand.fake.identities.keyFile(stand.fake.endpoint);
  const other = await Stand.start();
  writeFileSync(stand.keyFile, other.fake.identities.keyFile(stand.fake.endpoint));
  await other.stop();
  const store = stand.open();
  await expect(store.get('x/a')).rejects.toMatchObject({ kind: 'denied', message: expect.stringMatching(/no token/) });
  writeFileSync(stand.keyFile, good);
  expect((await store.get('x/a'))?.body.toString()).toBe('hello');
});

test('the identity of a pod or a machine opens the bucket, and is renewed', async () => {
  onMachine();
  const store = stand.open({ credentials: chain() });
  expect((await store.get('x/a'))?.body.toString()).toBe('hello');
  stand.fake.identities.revoke();
  expect((await store.get('x/a'))?.body.toString()).toBe('hello');
});

test('an identity without a key has its URLs signed, where it may', async () => {
  onMachine();
  const store = stand.open({ credentials: chain() });
  const options = { ttlSeconds: 60, contentType: 'text/plain' };
  const answer = await fetch((await store.presignGet('x/a', options)) ?? '');
  expect([answer.status, await answer.text()]).toEqual([200, 'hello']);
  stand.fake.identities.maySign = false;
  expect(await store.presignGet('x/b', options)).toBeUndefined();
});

test('where nothing gives an identity, the sentence says what to do', async () => {
  process.env['METADATA_SERVER_DETECTION'] = 'none';
  process.env['HOME'] = '/nonexistent';
  delete process.env['GOOGLE_APPLICATION_CREDENTIALS'];
  const got = stand.open({ credentials: chain() }).get('x/a');
  const told = expect.stringMatching(/give the process an identity, or name a key file/);
  await expect(got).rejects.toMatchObject({ kind: 'denied', message: told });
});

test('without encryption a token goes to this machine only, and to an emulator none', () => {
  const file = stand.keyFile;
  const at = (host: string) => parseGcsUrl(`gs://bucket?endpoint=http://${host}`);
  const choose = (host: string, credentials?: { file: string }) =>
    chooseIdentity({ location: at(host), credentials, proxies: {} });
  expect(choose('gcs:4443')).toBe(ANONYMOUS);
  expect(() => choose('gcs:4443', { file })).toThrow(/sent over https only/);
  expect(choose('127.0.0.1:4443', { file })).not.toBe(ANONYMOUS);
});

test('a signed URL gives the bytes, and the type that was asked for, to whoever has it, for a while', async () => {
  const store = stand.open();
  const url = (await store.presignGet('x/a', { ttlSeconds: 60, contentType: 'text/plain; charset=utf-8' })) ?? '';
  const answer = await fetch(url, { headers: { range: 'bytes=1-3' } });
  const told = [answer.status, answer.headers.get('content-type'), await answer.text()];
  expect(told).toEqual([206, 'text/plain; charset=utf-8', 'ell']);
  expect((await fetch(url, { method: 'HEAD' })).status).toBe(403);
  expect((await fetch(url.replace('x/a', 'x/b'))).status).toBe(403);
  expect((await fetch(url.replace('text%2Fplain', 'text%2Fhtml'))).status).toBe(403);
  expect((await fetch(url.replace('X-Goog-Expires=60', 'X-Goog-Expires=600'))).status).toBe(403);
  stand.fake.skewMs = 61_000;
  expect((await fetch(url)).status).toBe(400);
});
