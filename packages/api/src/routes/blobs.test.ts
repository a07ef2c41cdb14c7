import { digestOf } from '@atoll/core';
import { faulty, MemoryStore, type Fault } from '@atoll/storage';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Harness, verdict } from '../testing/harness.js';

const CONTENT = Buffer.from(Array.from({ length: 2048 }, (_, at) => at % 251));
const DIGEST = digestOf(CONTENT);
const NOTHING = digestOf('');
const UNKNOWN = digestOf('unknown');

describe('pulling blobs', () => {
  let api: Harness;
  const url = (digest: string = DIGEST) => `/v2/team/app/blobs/${digest}`;

  beforeAll(async () => {
    api = await Harness.start();
    await api.pushBlob('team/app', CONTENT);
    await api.pushBlob('team/app', '');
  });
  afterAll(() => api.stop());

  test('GET answers the bytes and all that tells of them', async () => {
    const { status, headers, body } = await api.ask('GET', url());
    expect(status).toBe(200);
    expect(body.equals(CONTENT)).toBe(true);
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '2048',
      'docker-content-digest': DIGEST,
      'docker-distribution-api-version': 'registry/2.0',
      'x-content-type-options': 'nosniff',
      'accept-ranges': 'bytes',
      etag: `"${DIGEST}"`,
      'cache-control': 'max-age=31536000, immutable, no-transform',
    });
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('transfer-encoding');
  });

  test('HEAD answers the same headers and no byte', async () => {
    const [head, get] = [await api.ask('HEAD', url()), await api.ask('GET', url())];
    const { date: _a, 'x-request-id': _b, ...expected } = get.headers;
    expect(head.status).toBe(200);
    expect(head.headers).toMatchObject(expected);
    expect(head.body).toHaveLength(0);
  });

  test.each(['GET', 'HEAD'])('the blob without bytes has a length of 0 for %s', async (method) => {
    const { status, headers } = await api.ask(method, url(NOTHING), { headers: { Range: 'bytes=0-' } });
    expect([status, headers['content-length']]).toEqual([200, '0']);
  });

  test('an answer is not compressed, whatever the client takes', async () => {
    const { headers, body } = await api.ask('GET', url(), { headers: { 'Accept-Encoding': 'gzip, zstd, br' } });
    expect(headers).not.toHaveProperty('content-encoding');
    expect(body.equals(CONTENT)).toBe(true);
  });

  test.each([
    ['GET', UNKNOWN, '404 BLOB_UNKNOWN'],
    ['GET', `sha256:${'A'.repeat(64)}`, '400 DIGEST_INVALID'],
    ['GET', 'sha256:short', '400 DIGEST_INVALID'],
    ['GET', `blake3:${'a'.repeat(64)}`, '400 DIGEST_INVALID'],
    ['GET', 'latest', '400 DIGEST_INVALID'],
  ])('%s of %s is %s', async (method, digest, expected) => {
    expect(verdict(await api.ask(method, url(digest)))).toBe(expected);
  });

  test('a HEAD that fails has no body', async () => {
    const wire = await api.wire();
    wire.head(`HEAD ${url(UNKNOWN)} HTTP/1.1`, 'Host: r').head('GET /v2/ HTTP/1.1', 'Host: r');
    expect((await wire.reply({ toHead: true })).status).toBe(404);
    expect((await wire.reply()).body.toString()).toBe('{}');
    wire.close();
  });

  test('a blob is there only in the repositories it was pushed to', async () => {
    expect(verdict(await api.ask('GET', `/v2/team/other/blobs/${DIGEST}`))).toBe('404 BLOB_UNKNOWN');
    expect((await api.ask('HEAD', `/v2/team/other/blobs/${DIGEST}`)).status).toBe(404);
  });

  test.each([
    ['a part', 'bytes=500-1499', 500, 1500],
    ['to the end', 'bytes=500-', 500, 2048],
    ['the last bytes', 'bytes=-500', 1548, 2048],
    ['past the end', 'bytes=2000-5000', 2000, 2048],
    ['one byte', 'bytes=0-0', 0, 1],
  ])('Range: %s', async (_what, Range, start, end) => {
    const { status, headers, body } = await api.ask('GET', url(), { headers: { Range } });
    expect(status).toBe(206);
    expect(headers['content-range']).toBe(`bytes ${start}-${end - 1}/2048`);
    expect(headers['content-length']).toBe(String(end - start));
    expect(headers['docker-content-digest']).toBe(DIGEST);
    expect(body.equals(CONTENT.subarray(start, end))).toBe(true);
  });

  test.each(['bytes=500-0', 'bytes=5000-10000', 'bytes=2048-', 'bytes=-0'])('Range: %s is outside', async (Range) => {
    const reply = await api.ask('GET', url(), { headers: { Range } });
    expect(verdict(reply)).toBe('416 RANGE_INVALID');
    expect(reply.headers['content-range']).toBe('bytes */2048');
  });

  test.each(['bytes=0-9,20-29', 'items=0-1', 'bytes=x', `bytes=${'0-1,'.repeat(10_000)}5-6`])(
    'Range: %.20s gets everything',
    async (Range) => {
      const { status, body } = await api.ask('GET', url(), { headers: { Range } });
      expect([status, body.length]).toEqual([200, 2048]);
    },
  );

  test.each([
    [`"${DIGEST}"`, 206],
    [`W/"${DIGEST}"`, 200],
    ['"another"', 200],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 200],
  ])('If-Range: %.12s...', async (ifRange, expected) => {
    const { status } = await api.ask('GET', url(), { headers: { Range: 'bytes=0-1', 'If-Range': ifRange } });
    expect(status).toBe(expected);
  });

  test('Range is for GET alone', async () => {
    const { status, headers } = await api.ask('HEAD', url(), { headers: { Range: 'bytes=0-1' } });
    expect([status, headers['content-length']]).toEqual([200, '2048']);
  });

  test.each(['GET', 'HEAD'])('%s of what the client has is 304 without a body', async (method) => {
    const reply = await api.ask(method, url(), {
      headers: { 'If-None-Match': `"x", "${DIGEST}"`, Range: 'bytes=0-1' },
    });
    expect(reply.status).toBe(304);
    expect(reply.headers).toMatchObject({ etag: `"${DIGEST}"`, 'docker-content-digest': DIGEST });
    expect(reply.headers).not.toHaveProperty('content-length');
  });

  test('If-None-Match does not make a missing blob known', async () => {
    const reply = await api.ask('GET', url(UNKNOWN), { headers: { 'If-None-Match': '*' } });
    expect(verdict(reply)).toBe('404 BLOB_UNKNOWN');
  });

  test('a mirror names the registry it stands for, which changes nothing', async () => {
    expect((await api.ask('GET', `${url()}?ns=docker.io`)).status).toBe(200);
  });
});

describe('deleting blobs', () => {
  let api: Harness;
  beforeAll(async () => void (api = await Harness.start()));
  afterAll(() => api.stop());

  test('a deleted blob is gone at once, here and only here', async () => {
    for (const name of ['a', 'b']) await api.pushBlob(name, 'content');
    const digest = digestOf('content');
    expect((await api.ask('DELETE', `/v2/a/blobs/${digest}`)).status).toBe(202);
    expect((await api.ask('HEAD', `/v2/a/blobs/${digest}`)).status).toBe(404);
    expect((await api.ask('HEAD', `/v2/b/blobs/${digest}`)).status).toBe(200);
    expect(verdict(await api.ask('DELETE', `/v2/a/blobs/${digest}`))).toBe('404 BLOB_UNKNOWN');
  });

  test('a blob that a manifest names stays', async () => {
    await api.pushImage('c', 'v1');
    expect(verdict(await api.ask('DELETE', `/v2/c/blobs/${digestOf('{}')}`))).toBe('405 UNSUPPORTED');
    expect((await api.ask('GET', `/v2/c/blobs/${digestOf('{}')}`)).body.toString()).toBe('{}');
  });
});

describe('a store with faults', () => {
  /** More than what is kept in memory after a push. */
  const large = Buffer.alloc(70_000, 'large');
  const url = `/v2/a/blobs/${digestOf(large)}`;
  const plan: Fault[] = [];
  let api: Harness;
  beforeAll(async () => {
    api = await Harness.start({ store: faulty(new MemoryStore(), plan) });
    await api.pushBlob('a', large);
  });
  afterAll(() => api.stop());

  test('a store that does not answer is 503 with the advice to come back', async () => {
    plan.push({ op: 'open', when: 'before' });
    const reply = await api.ask('GET', url);
    plan.length = 0;
    expect(verdict(reply)).toBe('503 UNAVAILABLE');
    expect(reply.headers['retry-after']).toBe('5');
    expect(api.log.of('storage failed')).toHaveLength(1);
  });

  test('the unforeseen is 500, told to the client without words and to the log with them, once', async () => {
    plan.push({ op: 'open', when: 'before', error: () => new TypeError('secret detail') });
    const reply = await api.ask('GET', url);
    plan.length = 0;
    expect(reply.body.toString()).toBe('{"errors":[{"code":"UNKNOWN","message":"internal error"}]}');
    const lines = api.log.of('request failed');
    expect(lines.map(({ facts }) => facts.error)).toEqual([new TypeError('secret detail')]);
  });
});
