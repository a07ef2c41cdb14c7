import { beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { Answer } from '../harness/wire.js';
import { valuesOf, verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import type { Repository } from './repository.js';
import { contentOf, randomBlob, randomDigest } from './samples.js';

const registry = registryUnderTest();

let repository: Repository;
const blob = contentOf(randomBytes(2048));
const strong = randomBlob(2048, 'sha512');
const nothing = contentOf('');

beforeAll(async () => {
  repository = registry.repository();
  await repository.pushBlobs(blob, strong, nothing);
});

function get(digest: string, headers: Record<string, string | string[]> = {}, method = 'GET'): Promise<Answer> {
  return repository.send(method, `blobs/${digest}`, { headers });
}

describe('GET and HEAD of a blob (distribution-spec, Pulling blobs)', () => {
  test.each([
    ['a blob', blob],
    ['a blob with a sha512 digest', strong],
    ['the blob of no bytes', nothing],
  ])('%s: its bytes and all that is known of it', async (_what, { digest, bytes }) => {
    const answer = await get(digest);
    expect(answer.status).toBe(200);
    expect(answer.body.equals(bytes)).toBe(true);
    expect(valuesOf(answer, 'Content-Length')).toEqual([String(bytes.length)]);
    expect(valuesOf(answer, 'Content-Type')).toEqual(['application/octet-stream']);
    expect(valuesOf(answer, 'Docker-Content-Digest')).toEqual([digest]);
    expect(valuesOf(answer, 'ETag')).toEqual([`"${digest}"`]);
    expect(valuesOf(answer, 'Accept-Ranges')).toEqual(['bytes']);
    expect(valuesOf(answer, 'X-Content-Type-Options')).toEqual(['nosniff']);
    expect(answer.headers['cache-control']).toMatch(/^(private, )?max-age=31536000, immutable, no-transform$/);
  });

  test.each([blob, strong, nothing])('HEAD answers what GET does, without the body: %#', async ({ digest }) => {
    const [{ headers: get1 }, head] = [await get(digest), await get(digest, {}, 'HEAD')];
    const { date: _date, 'x-request-id': _id, ...expected } = get1;
    expect(head.status).toBe(200);
    expect(head.headers).toMatchObject(expected);
    expect(head.body).toHaveLength(0);
  });

  test.each([
    ['404 BLOB_UNKNOWN', 'a digest that is not there', randomDigest()],
    ['404 BLOB_UNKNOWN', 'a sha512 digest that is not there', randomDigest('sha512')],
    ['400 DIGEST_INVALID', 'no digest', 'sha256:totallywrong'],
    ['400 DIGEST_INVALID', 'a digest in upper case', `sha256:${'A'.repeat(64)}`],
    ['400 DIGEST_INVALID', 'a tag', 'latest'],
    ['400 DIGEST_INVALID', 'an algorithm that is not taken', `md5:${'a'.repeat(32)}`],
  ])('%s for %s', async (expected, _what, digest) => {
    expect(verdict(await get(digest))).toBe(expected);
    const head = await get(digest, {}, 'HEAD');
    expect([head.status, head.body.length]).toEqual([Number(expected.slice(0, 3)), 0]);
  });

  test('a blob is seen in the repositories it was pushed to and in no other', async () => {
    const other = registry.repository();
    expect((await other.send('HEAD', `blobs/${blob.digest}`)).status).toBe(404);
    expect(verdict(await other.send('GET', `blobs/${blob.digest}`))).toBe('404 BLOB_UNKNOWN');
  });

  test('the sha256 of a blob that was pushed by its sha512 names nothing', async () => {
    expect((await get(contentOf(strong.bytes).digest, {}, 'HEAD')).status).toBe(404);
  });

  test.each(['*', `"${blob.digest}"`, blob.digest, `"x", W/"${blob.digest}"`])(
    'If-None-Match: %.12s is 304',
    async (value) => {
      for (const method of ['GET', 'HEAD']) {
        const answer = await get(blob.digest, { 'If-None-Match': value }, method);
        expect([answer.status, answer.body.length, answer.headers.etag]).toEqual([304, 0, `"${blob.digest}"`]);
      }
    },
  );

  test('another If-None-Match is 200', async () => {
    expect((await get(blob.digest, { 'If-None-Match': `"${randomDigest()}"` })).status).toBe(200);
  });

  test('a blob the client has is 304 also where it asks for a part of it', async () => {
    expect((await get(blob.digest, { 'If-None-Match': '*', Range: 'bytes=0-1' })).status).toBe(304);
  });

  test('Accept-Encoding gets the bytes as they are', async () => {
    const answer = await get(blob.digest, { 'Accept-Encoding': 'zstd, gzip, deflate, br' });
    expect(answer.headers).not.toHaveProperty('content-encoding');
    expect([answer.headers['content-length'], answer.body.equals(blob.bytes)]).toEqual(['2048', true]);
  });
});

describe('a part of a blob (RFC 9110, 14)', () => {
  test.each([
    ['a part', 'bytes=500-1499', 500, 1499],
    ['to the end', 'bytes=500-', 500, 2047],
    ['the last ones', 'bytes=-500', 1548, 2047],
    ['past the end', 'bytes=2000-5000', 2000, 2047],
    ['more last ones than there are', 'bytes=-9999', 0, 2047],
    ['the first two, as stargz asks', 'bytes=0-1', 0, 1],
    ['the first', 'bytes=0-0', 0, 0],
    ['the last', 'bytes=2047-', 2047, 2047],
    ['all, as containerd asks', 'bytes=0-', 0, 2047],
    ['another case of the unit', 'Bytes=5-6', 5, 6],
  ])('206 for %s', async (_what, Range, first, last) => {
    const answer = await get(blob.digest, { Range });
    expect(answer.status).toBe(206);
    expect(answer.headers).toMatchObject({
      'content-length': String(last - first + 1),
      'content-range': `bytes ${first}-${last}/2048`,
      'content-type': 'application/octet-stream',
      'docker-content-digest': blob.digest,
      etag: `"${blob.digest}"`,
    });
    expect(answer.body.equals(blob.bytes.subarray(first, last + 1))).toBe(true);
  });

  test.each([
    ['backwards', 'bytes=500-0'],
    ['behind the end', 'bytes=5000-10000'],
    ['right behind the end', 'bytes=2048-'],
    ['the last none', 'bytes=-0'],
    ['beyond all numbers', `bytes=${'9'.repeat(60)}-`],
  ])('416 for %s, with the length there is', async (_what, Range) => {
    const answer = await get(blob.digest, { Range });
    expect(verdict(answer)).toBe('416 RANGE_INVALID');
    expect(answer.headers['content-range']).toBe('bytes */2048');
  });

  test.each([
    ['two ranges', 'bytes=0-9,20-29'],
    ['two ranges that lie outside', 'bytes=5000-5001,6000-6001'],
    [
      'hundreds of ranges, as zstd:chunked asks',
      `bytes=${Array.from({ length: 900 }, (_, at) => `${at * 2}-${at * 2}`).join(',')}`,
    ],
    ['another unit', 'items=0-9'],
    ['no numbers', 'bytes=-'],
    ['words', 'bytes=a-b'],
    ['an empty header', ''],
  ])('200 and everything for %s', async (_what, Range) => {
    const answer = await get(blob.digest, { Range });
    expect([answer.status, answer.headers['content-length']]).toEqual([200, '2048']);
    expect(answer.headers).not.toHaveProperty('content-range');
    expect(answer.body.equals(blob.bytes)).toBe(true);
  });

  test.each(['bytes=0-', 'bytes=0-0', 'bytes=5-', 'bytes=-1', 'bytes=0-1,3-4'])(
    '%s of no bytes is 200: containerd asks so for every blob',
    async (Range) => {
      const answer = await get(nothing.digest, { Range });
      expect([answer.status, answer.headers['content-length'], answer.body.length]).toEqual([200, '0', 0]);
    },
  );

  test('HEAD takes no Range', async () => {
    const answer = await get(blob.digest, { Range: 'bytes=0-9' }, 'HEAD');
    expect([answer.status, answer.headers['content-length']]).toEqual([200, '2048']);
  });

  test('If-Range with the entity tag of the blob: the part', async () => {
    const answer = await get(blob.digest, { Range: 'bytes=5-9', 'If-Range': `"${blob.digest}"` });
    expect([answer.status, answer.body.length]).toEqual([206, 5]);
  });

  test.each([
    ['of another blob', `"${randomDigest()}"`],
    ['that is weak', `W/"${blob.digest}"`],
    ['that is a date', 'Sun, 22 Nov 2026 10:00:00 GMT'],
  ])('If-Range %s: everything', async (_what, value) => {
    for (const Range of ['bytes=5-9', 'bytes=5000-']) {
      const answer = await get(blob.digest, { Range, 'If-Range': value });
      expect([answer.status, answer.body.length]).toEqual([200, 2048]);
    }
  });

  test('a pull that was cut off goes on from where it was', async () => {
    const [start, rest] = [
      await get(blob.digest, { Range: 'bytes=0-999' }),
      await get(blob.digest, { Range: 'bytes=1000-' }),
    ];
    expect(Buffer.concat([start.body, rest.body]).equals(blob.bytes)).toBe(true);
  });

  test('a part by the sha512 digest', async () => {
    const answer = await get(strong.digest, { Range: 'bytes=10-19' });
    expect([answer.status, answer.headers['docker-content-digest']]).toEqual([206, strong.digest]);
    expect(answer.body.equals(strong.bytes.subarray(10, 20))).toBe(true);
  });

  test('a large blob, part by part', async () => {
    const large = randomBlob(3 * 1024 * 1024 + 17);
    await repository.pushBlobs(large);
    const step = 1024 * 1024;
    const parts = await Promise.all(
      [0, 1, 2, 3].map((at) => get(large.digest, { Range: `bytes=${at * step}-${at * step + step - 1}` })),
    );
    expect(parts.map(({ status }) => status)).toEqual([206, 206, 206, 206]);
    expect(Buffer.concat(parts.map(({ body }) => body)).equals(large.bytes)).toBe(true);
  });
});
