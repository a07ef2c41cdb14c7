import { describe, expect, test } from '@jest/globals';
import { headerOf } from '../harness/wire.js';
import { valuesOf, verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import { contentOf, digestOf, randomBlob, randomDigest } from './samples.js';
import { CHUNKED, Upload } from './upload.js';

const registry = registryUnderTest();

describe('POST, which opens an upload (distribution-spec, Pushing blobs)', () => {
  test('answers 202 and where to go on: a path, so that no proxy has to be known', async () => {
    const repository = registry.repository();
    const answer = await repository.send('POST', 'blobs/uploads/');
    expect(answer.status).toBe(202);
    expect(valuesOf(answer, 'Location')).toEqual([expect.stringMatching(/^\/v2\//)]);
    expect(headerOf(answer, 'Location').startsWith(repository.path('blobs/uploads/'))).toBe(true);
    expect(answer.headers).toMatchObject({ 'content-length': '0', range: '0-0' });
    expect(headerOf(answer, 'Docker-Upload-UUID')).toMatch(/^[A-Za-z0-9._~-]+$/);
  });

  test.each([
    { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'registry.example', 'X-Forwarded-Port': '443' },
    { Forwarded: 'for=1.2.3.4;proto=https;host=registry.example' },
    { Host: 'registry.example:8443' },
  ])('answers the same kind of path whatever a proxy says: %j', async (headers) => {
    const repository = registry.repository();
    const answer = await repository.send('POST', 'blobs/uploads/', { headers });
    expect(headerOf(answer, 'Location').startsWith(repository.path('blobs/uploads/'))).toBe(true);
  });

  test('answers another upload each time, which cannot be guessed', async () => {
    const repository = registry.repository();
    const opened = await Promise.all(Array.from({ length: 20 }, () => Upload.start(repository)));
    const ids = opened.map(({ location }) => location.slice(repository.path('blobs/uploads/').length));
    expect(new Set(ids).size).toBe(20);
    // 128 bits take at least 21 characters of those that a URL may have.
    for (const id of ids) expect(id.length).toBeGreaterThanOrEqual(21);
  });

  test.each([
    ['Content-Length: 0'],
    ['Content-Length: 0', 'Content-Type: application/json'],
    ['Content-Length: 0', 'Content-Type: application/octet-stream'],
    ['Accept: */*'],
    ['Transfer-Encoding: chunked'],
  ])('with %s is 202', async (...lines) => {
    const repository = registry.repository();
    const body = lines[0] === 'Transfer-Encoding: chunked' ? Buffer.from('0\r\n\r\n') : Buffer.alloc(0);
    const answer = await registry.say([`POST ${repository.path('blobs/uploads/')} HTTP/1.1`, ...lines], body);
    expect(answer.status).toBe(202);
  });

  test.each([
    ['sha256', '202'],
    ['sha512', '202'],
    ['md5', '400 DIGEST_INVALID'],
    ['SHA256', '400 DIGEST_INVALID'],
    ['', '400 DIGEST_INVALID'],
  ])('with digest-algorithm=%s is %s', async (algorithm, wanted) => {
    const answer = await registry.repository().send('POST', `blobs/uploads/?digest-algorithm=${algorithm}`);
    expect(verdict(answer)).toBe(wanted);
  });

  test('for a repository that cannot be is 400 NAME_INVALID', async () => {
    expect(verdict(await registry.send('POST', '/v2/Upper/case/blobs/uploads/'))).toBe('400 NAME_INVALID');
  });

  test.each(['GET', 'PUT', 'DELETE', 'PATCH'])('is the only method there: %s is 405', async (method) => {
    expect(verdict(await registry.repository().send(method, 'blobs/uploads/'))).toBe('405 UNSUPPORTED');
  });
});

describe('POST with a digest', () => {
  test.each([
    ['a digest of other content', randomDigest(), '400 DIGEST_INVALID'],
    ['half a digest', 'sha256:abc', '400 DIGEST_INVALID'],
    ['an upper-case digest', digestOf('content').toUpperCase().replace('SHA256', 'sha256'), '400 DIGEST_INVALID'],
    ['an algorithm that nobody has', `md5:${'0'.repeat(32)}`, '400 DIGEST_INVALID'],
    ['an algorithm that is registered, and not taken', `blake3:${'0'.repeat(64)}`, '400 DIGEST_INVALID'],
    ['no digest at all', '', '400 DIGEST_INVALID'],
  ])('and content, but %s, is %s', async (_what, digest, wanted) => {
    const repository = registry.repository();
    const answer = await repository.send('POST', `blobs/uploads/?digest=${digest}`, { body: Buffer.from('content') });
    expect(verdict(answer)).toBe(wanted);
    expect((await repository.send('HEAD', `blobs/${digestOf('content')}`)).status).toBe(404);
  });

  test.each([false, true])(
    'and no content opens an upload, unless it is that of no bytes; chunked: %p',
    async (chunked) => {
      const repository = registry.repository();
      const blob = randomBlob();
      const question = { body: Buffer.alloc(0), headers: chunked ? CHUNKED : {} };
      const answer = await repository.send('POST', `blobs/uploads/?digest=${blob.digest}`, question);
      expect(answer.status).toBe(202);
      expect((await Upload.opened(repository, answer).put(blob.digest, blob.bytes)).status).toBe(201);
      const { digest } = contentOf('');
      expect((await repository.send('POST', `blobs/uploads/?digest=${digest}`, question)).status).toBe(201);
    },
  );

  test('given twice is 400: nobody could say which one counts', async () => {
    const { digest, bytes } = randomBlob();
    const answer = await registry.repository().send('POST', `blobs/uploads/?digest=${digest}&digest=${digest}`, {
      body: bytes,
    });
    expect(verdict(answer)).toBe('400 DIGEST_INVALID');
  });
});
