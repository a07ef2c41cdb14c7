import { describe, expect, test } from '@jest/globals';
import { errorsOf, valuesOf, verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import { contentOf, imageOf, manifestOf, OCI_IMAGE, randomBlob, randomDigest } from './samples.js';

const registry = registryUnderTest();

/** Whom each refusal is told to: the request that brings it about, in a repository with one blob and one tag. */
const REFUSALS = [
  ['404 BLOB_UNKNOWN', 'GET', `blobs/${randomDigest()}`],
  ['404 BLOB_UNKNOWN', 'DELETE', `blobs/${randomDigest()}`],
  ['400 DIGEST_INVALID', 'GET', 'blobs/sha256:short'],
  ['400 DIGEST_INVALID', 'DELETE', 'blobs/latest'],
  ['404 BLOB_UPLOAD_UNKNOWN', 'GET', 'blobs/uploads/nothing'],
  ['404 BLOB_UPLOAD_UNKNOWN', 'PATCH', 'blobs/uploads/nothing'],
  ['404 BLOB_UPLOAD_UNKNOWN', 'DELETE', 'blobs/uploads/nothing'],
  ['400 DIGEST_INVALID', 'PUT', 'blobs/uploads/nothing'],
  ['404 MANIFEST_UNKNOWN', 'GET', 'manifests/missing'],
  ['404 MANIFEST_UNKNOWN', 'GET', `manifests/${randomDigest()}`],
  ['404 MANIFEST_UNKNOWN', 'GET', 'manifests/.INVALID_MANIFEST_NAME'],
  ['404 MANIFEST_UNKNOWN', 'DELETE', 'manifests/missing'],
  ['400 DIGEST_INVALID', 'GET', 'manifests/sha256:totallywrong'],
  ['400 DIGEST_INVALID', 'PUT', 'manifests/sha256:baddigeststring'],
  ['400 TAG_INVALID', 'PUT', 'manifests/-no-tag'],
  ['400 MANIFEST_INVALID', 'PUT', 'manifests/v1'],
  ['400 DIGEST_INVALID', 'GET', 'referrers/latest'],
  ['400 PAGINATION_NUMBER_INVALID', 'GET', 'tags/list?n=-1'],
  ['405 UNSUPPORTED', 'POST', 'manifests/v1'],
  ['405 UNSUPPORTED', 'PUT', 'tags/list'],
  ['404 UNSUPPORTED', 'GET', 'no-such-thing'],
] as const;

describe('what a client is told (distribution-spec, Error Codes)', () => {
  test.each(REFUSALS)('%s for %s %s', async (expected, method, rest) => {
    const answer = await registry.repository().send(method, rest);
    expect(verdict(answer)).toBe(expected);
    expect(valuesOf(answer, 'Content-Type')).toEqual(['application/json']);
    expect(answer.headers['content-length']).toBe(String(answer.body.length));
    expect(answer.headers['cache-control']).toBe('no-store');
    for (const { code, message } of errorsOf(answer)) {
      expect(code).toMatch(/^[A-Z_]+$/);
      expect(message).not.toMatch(/\bat .*\.[jt]s\b|node:|\/home\/|ENOENT/);
    }
  });

  test.each(REFUSALS.filter(([, method]) => method === 'GET'))(
    'HEAD is told %s without a body: %s %s',
    async (expected, _method, rest) => {
      const answer = await registry.repository().send('HEAD', rest);
      expect([answer.status, answer.body.length]).toEqual([Number(expected.slice(0, 3)), 0]);
    },
  );

  test('404 NAME_UNKNOWN for the tags of a repository that is not there', async () => {
    expect(verdict(await registry.repository().send('GET', 'tags/list'))).toBe('404 NAME_UNKNOWN');
  });

  test('400 NAME_INVALID for a name that no repository can have', async () => {
    for (const name of ['UPPER', '_x', 'a//b', '-a', 'a-', 'a/.b', 'a'.repeat(300)]) {
      expect(verdict(await registry.send('GET', `/v2/${name}/tags/list`))).toBe('400 NAME_INVALID');
    }
  });

  test('405 names the methods there are', async () => {
    const { headers } = await registry.repository().send('POST', 'manifests/v1');
    expect(headers.allow?.split(', ').sort()).toEqual(['DELETE', 'GET', 'HEAD', 'PUT']);
  });

  test('400 SIZE_INVALID for a chunk of another length than its range', async () => {
    const repository = registry.repository();
    const { headers } = await repository.send('POST', 'blobs/uploads/');
    const range = { 'Content-Range': '0-99' };
    expect(
      verdict(await registry.send('PATCH', headers.location ?? '', { headers: range, body: Buffer.alloc(10) })),
    ).toBe('400 SIZE_INVALID');
  });

  test('416 RANGE_INVALID with the place to go on from', async () => {
    const repository = registry.repository();
    const { headers } = await repository.send('POST', 'blobs/uploads/');
    const range = { 'Content-Range': '10-19' };
    const answer = await registry.send('PATCH', headers.location ?? '', { headers: range, body: Buffer.alloc(10) });
    expect(verdict(answer)).toBe('416 RANGE_INVALID');
    expect(answer.headers.location).toBeDefined();
  });

  test('400 DIGEST_INVALID for content of another digest', async () => {
    const [mine, other] = [randomBlob(), randomBlob()];
    const answer = await registry
      .repository()
      .send('POST', `blobs/uploads/?digest=${mine.digest}`, { body: other.bytes });
    expect(verdict(answer)).toBe('400 DIGEST_INVALID');
  });

  test('400 MANIFEST_BLOB_UNKNOWN with a row for each digest that is missing', async () => {
    const repository = registry.repository();
    const image = imageOf({ layers: [randomBlob(), randomBlob()] });
    const answer = await repository.put('v1', image);
    expect(answer.status).toBe(400);
    const rows = errorsOf(answer);
    expect(rows.map(({ code }) => code)).toEqual(Array(3).fill('MANIFEST_BLOB_UNKNOWN'));
    expect(rows.map(({ detail }) => detail)).toEqual(image.blobs.map(({ digest }) => ({ digest })));
  });

  test('413 for a manifest of more than 4 MiB, in the same form', async () => {
    const answer = await registry
      .repository()
      .put('v1', { ...manifestOf({}, { mediaType: OCI_IMAGE }), bytes: Buffer.alloc(4_194_305, ' ') });
    expect(verdict(answer)).toBe('413 MANIFEST_INVALID');
  });

  test('404 BLOB_UNKNOWN for a manifest asked for as a blob, and 404 MANIFEST_UNKNOWN the other way round', async () => {
    const repository = registry.repository();
    const blob = await repository.pushBytes(contentOf(randomDigest()).bytes);
    const image = imageOf();
    await repository.push(image);
    expect(verdict(await repository.send('GET', `blobs/${image.digest}`))).toBe('404 BLOB_UNKNOWN');
    expect(verdict(await repository.send('GET', `manifests/${blob.digest}`))).toBe('404 MANIFEST_UNKNOWN');
  });
});
