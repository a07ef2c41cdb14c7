import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ChainIdentity } from './chain-identity.js';
import { Stand } from './testing/stand.js';

const OPTIONS = { ttlSeconds: 60, contentType: 'text/plain; charset=utf-8' };

let stand: Stand;
let now: number;
beforeEach(async () => {
  stand = await Stand.start();
  stand.fake.bucket('bucket').put('x/a', { body: Buffer.from('hello') }, {});
  now = Date.now();
});
afterEach(() => stand.stop());

function open() {
  return stand.open({ clock: { now: () => now } });
}

test('a signed URL gives the bytes, and the type that was asked for, to whoever has it, for a while', async () => {
  const store = stand.open();
  const url = (await store.presignGet('x/a', { ttlSeconds: 60, contentType: 'text/plain; charset=utf-8' })) ?? '';
  const answer = await fetch(url, { headers: { range: 'bytes=1-3' } });
  const told = [answer.status, answer.headers.get('content-type'), await answer.text()];
  expect(told).toEqual([206, 'text/plain; charset=utf-8', 'ell']);
  expect((await fetch(url, { method: 'HEAD' })).status).toBe(403);
  expect((await fetch(url.replace('x/a', 'x/b'))).status).toBe(403);
  expect((await fetch(url.replace('text%2Fplain', 'text%2Fhtml'))).status).toBe(403);
  expect((await fetch(url.replace('X-Goog-Expires=120', 'X-Goog-Expires=1200'))).status).toBe(403);
  stand.fake.skewMs = 121_000;
  expect((await fetch(url)).status).toBe(400);
});

test('a URL is given again as long as it holds for the time that was asked', async () => {
  const store = open();
  const first = await store.presignGet('x/a', OPTIONS);
  now += 59_000;
  expect(await store.presignGet('x/a', OPTIONS)).toBe(first);
  expect(await store.presignGet('x/a', { ...OPTIONS, contentType: 'text/html' })).not.toBe(first);
  now += 2_000;
  const second = await store.presignGet('x/a', OPTIONS);
  expect(second).not.toBe(first);
  expect(second).toContain('X-Goog-Expires=120&');
});

test('no signature is asked to hold longer than a week', async () => {
  const url = await open().presignGet('x/a', { ...OPTIONS, ttlSeconds: 600_000 });
  expect(url).toContain('X-Goog-Expires=604800&');
  expect((await fetch(url ?? '')).status).toBe(200);
});

test('many who want one URL at the same time cost one signature', async () => {
  process.env['GCE_METADATA_HOST'] = stand.fake.endpoint.replace('http://', '');
  process.env['METADATA_SERVER_DETECTION'] = 'assume-present';
  try {
    const store = stand.open({ credentials: new ChainIdentity(stand.fake.endpoint) });
    const urls = await Promise.all(Array.from({ length: 20 }, () => store.presignGet('x/a', OPTIONS)));
    expect(new Set(urls).size).toBe(1);
    expect(stand.fake.takeCounts()).toEqual({ SignBlob: 1 });
  } finally {
    delete process.env['GCE_METADATA_HOST'];
    delete process.env['METADATA_SERVER_DETECTION'];
  }
});
