import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeGcs } from './fake-gcs.js';

let fake: FakeGcs;
beforeEach(async () => {
  fake = await FakeGcs.start();
  fake.url('bucket');
});
afterEach(() => fake.stop());

const OBJECT = '/storage/v1/b/bucket/o/x%2Fa';

async function ask(method: string, path: string, headers: Record<string, string> = {}, body?: Buffer) {
  const answer = await fetch(`${fake.endpoint}${path}`, { method, headers, ...(body && { body }) });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

/** As whoever the machine's account stands for. */
async function authorized(): Promise<Record<string, string>> {
  const path = '/computeMetadata/v1/instance/service-accounts/default/token';
  const { text } = await ask('GET', path, { 'Metadata-Flavor': 'Google' });
  const { access_token: token } = JSON.parse(text) as { access_token: string };
  return { authorization: `Bearer ${token}` };
}

test('a request without a token, or with one that was not given, is refused', async () => {
  expect((await ask('GET', OBJECT)).status).toBe(401);
  expect((await ask('GET', OBJECT, { authorization: 'Bearer made-up' })).status).toBe(401);
  expect((await ask('GET', '/bucket/x/a')).text).toContain('<Code>AuthenticationRequired</Code>');
  expect((await ask('GET', OBJECT, await authorized())).status).toBe(404);
});

test('an assertion that nobody known has signed gets no token', async () => {
  const form = 'grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=e30.e30.AAAA';
  expect((await ask('POST', '/token', {}, Buffer.from(form))).status).toBe(400);
});

test('what it does not know it says so, a parameter too', async () => {
  const token = await authorized();
  expect((await ask('PATCH', OBJECT, token)).status).toBe(501);
  expect((await ask('GET', `${OBJECT}?generation=1`, token)).status).toBe(501);
  expect((await ask('GET', '/storage/v1/b/bucket/o?endOffset=x', token)).status).toBe(501);
});

test('only the fields that were asked for are told', async () => {
  const stored = fake.bucket('bucket').put('x/a', { body: Buffer.from('hello') }, {});
  const { text } = await ask('GET', `${OBJECT}?fields=generation,size`, await authorized());
  expect(JSON.parse(text)).toEqual({ generation: String(stored.generation), size: '5' });
});

test('a resumable upload takes multiples of 256 KiB, says where it stands, and shows nothing before its end', async () => {
  const token = await authorized();
  const begun = await ask('POST', '/upload/storage/v1/b/bucket/o?uploadType=resumable&name=x%2Fa', token);
  const session = (begun.headers.get('location') ?? '').replace(fake.endpoint, '');
  const put = (range: string, sizeBytes = 0) =>
    ask('PUT', session, { ...token, 'content-range': range }, Buffer.alloc(sizeBytes, 'x'));
  expect((await put('bytes */*')).headers.get('range')).toBeNull();
  expect((await put('bytes 0-99/*', 100)).status).toBe(400);
  expect((await put('bytes 0-262143/*', 262_144)).headers.get('range')).toBe('bytes=0-262143');
  expect((await put('bytes 524288-786431/*', 262_144)).status).toBe(503);
  expect((await put('bytes */*')).headers.get('range')).toBe('bytes=0-262143');
  expect((await ask('GET', OBJECT, token)).status).toBe(404);
  const done = await put('bytes 262144-262243/262244', 100);
  expect(JSON.parse(done.text)).toMatchObject({ size: '262244' });
  expect((await put('bytes */*')).status).toBe(404);
});

test('a copy in steps shows nothing before the last one', async () => {
  const token = await authorized();
  fake.bucket('bucket').put('x/a', { body: Buffer.alloc(3_000_000, 'x') }, {});
  const copy = async (rewriteToken = '') => {
    const path = `${OBJECT}/rewriteTo/b/bucket/o/x%2Fb?maxBytesRewrittenPerCall=1048576`;
    const more = rewriteToken === '' ? '' : `&rewriteToken=${rewriteToken}`;
    const answer = await ask('POST', path + more, { ...token, 'content-type': 'application/json' }, Buffer.from('{}'));
    return JSON.parse(answer.text) as { done: boolean; rewriteToken?: string };
  };
  const first = await copy();
  const second = await copy(first.rewriteToken);
  expect([first.done, second.done]).toEqual([false, false]);
  expect(() => fake.bucket('bucket').get('x/b')).toThrow('No such object');
  expect(await copy(second.rewriteToken)).toMatchObject({ done: true });
  expect(fake.bucket('bucket').get('x/b').body.length).toBe(3_000_000);
});
