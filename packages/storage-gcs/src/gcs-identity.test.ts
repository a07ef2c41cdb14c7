import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { parseGcsUrl } from './gcs-location.js';
import { chooseIdentity } from './choose-identity.js';
import { ANONYMOUS } from './identity.js';
import { POD_TOKEN } from './testing/fake-identities.js';
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

test('while a new token is asked for, requests go on with the old one, and what fails is told', async () => {
  const told: unknown[] = [];
  const log = { warn: (message: string, facts: object) => void told.push([message, facts]) };
  const store = stand.open({ log });
  stand.fake.identities.lifeSeconds = 4;
  await store.head('x/a');
  await sleep(2_100);
  stand.fake.faults.add('Token', { kind: 'hang', milliseconds: 200 });
  const asked = stand.fake.asked('Token');
  const many = await Promise.all(Array.from({ length: 5 }, () => store.head('x/a')));
  expect([many.length, told]).toEqual([5, []]);
  await asked;
  await sleep(400);
  const facts = expect.objectContaining({
    storage: store.url,
    error: expect.objectContaining({ code: 'TokenUnavailable' }),
  });
  expect(told).toEqual([['the identity is not renewed', facts]]);
  await sleep(1_000);
  expect((await store.get('x/a'))?.body.toString()).toBe('hello');
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

test('a server that wants a token from who has none is told apart', async () => {
  const told = expect.stringMatching(/no credentials were found: .* \(NoCredentials, HTTP 401/);
  const got = stand.open({ credentials: ANONYMOUS }).get('x/a');
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

test('a pod of another cloud is who its token says, by the file that names it', async () => {
  onMachine();
  process.env['METADATA_SERVER_DETECTION'] = 'none';
  process.env['GOOGLE_APPLICATION_CREDENTIALS'] = stand.keyFile;
  const tokenFile = `${stand.keyFile}.token`;
  writeFileSync(tokenFile, POD_TOKEN);
  writeFileSync(
    stand.keyFile,
    JSON.stringify({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/other',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${stand.fake.endpoint}/token`,
      credential_source: { file: tokenFile },
    }),
  );
  expect((await stand.open().get('x/a'))?.body.toString()).toBe('hello');
  writeFileSync(tokenFile, 'another');
  await expect(stand.open().get('x/a')).rejects.toMatchObject({ kind: 'denied' });
});
