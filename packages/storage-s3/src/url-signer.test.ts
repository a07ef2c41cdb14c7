import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FAKE_CREDENTIALS } from './testing/fake-s3.js';
import { Stand } from './testing/stand.js';
import type { S3Credentials } from './create-client.js';

const MINUTE_MS = 60_000;

let stand: Stand;
beforeEach(async () => {
  stand = await Stand.start();
  await stand.open().put('x/a', Buffer.from('hello'), { blind: true });
});
afterEach(() => stand.stop());

/** A source of credentials that live as long as it is told, one length after the other. */
function living(...minutes: number[]): { asked: () => number; credentials: () => Promise<S3Credentials> } {
  let asked = 0;
  const credentials = async () => {
    const lifeMs = (minutes[Math.min(asked++, minutes.length - 1)] ?? 0) * MINUTE_MS;
    return { ...FAKE_CREDENTIALS, sessionToken: 'token', expiration: new Date(Date.now() + lifeMs) };
  };
  return { asked: () => asked, credentials };
}

function lifeOf(url: string | undefined): number | undefined {
  return url === undefined ? undefined : Number(new URL(url).searchParams.get('X-Amz-Expires'));
}

const asked = { ttlSeconds: 1_800, contentType: 'text/plain' };

test('a URL gives the bytes, in the type that was asked for, to whoever has it, for its time', async () => {
  const url = (await stand.open().presignGet('x/a', asked)) ?? '';
  const answer = await fetch(url, { headers: { Range: 'bytes=1-3' } });
  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([206, 'text/plain', 'ell']);
  expect((await fetch(url.replace('x/a', 'x/b'))).status).toBe(403);
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(403);
  stand.fake.skewMs = 1_801_000;
  expect((await fetch(url)).status).toBe(403);
});

test('a URL is signed for no longer than the credentials live', async () => {
  const { credentials } = living(10);
  const seconds = lifeOf(await stand.open({ credentials }).presignGet('x/a', asked));
  expect(seconds).toBeGreaterThan(590);
  expect(seconds).toBeLessThanOrEqual(600);
});

test('credentials that live too short are asked for anew, and not again at once', async () => {
  const source = living(10, 60);
  const store = stand.open({ credentials: source.credentials });
  expect(lifeOf(await store.presignGet('x/a', asked))).toBe(1_800);
  const poor = living(10);
  const other = stand.open({ credentials: poor.credentials });
  for (let n = 0; n < 5; n++) await other.presignGet('x/a', asked);
  expect([source.asked(), poor.asked()]).toEqual([2, 2]);
});

test('no URL is given out that dies at once', async () => {
  const { credentials } = living(0.5);
  expect(await stand.open({ credentials }).presignGet('x/a', asked)).toBeUndefined();
});

test('keys that live for ever sign for as long as the protocol allows', async () => {
  const seconds = lifeOf(await stand.open().presignGet('x/a', { ...asked, ttlSeconds: 30 * 86_400 }));
  expect(seconds).toBe(7 * 86_400);
});
