import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Answer } from '../harness/wire.js';
import { valuesOf, verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import type { Repository } from './repository.js';
import { imageOf, manifestOf, OCI_IMAGE, OCI_INDEX, randomDigest } from './samples.js';

const registry = registryUnderTest();

let repository: Repository;
const image = imageOf();
const strong = imageOf({ algorithm: 'sha512' });

beforeAll(async () => {
  repository = registry.repository();
  await repository.push(image, 'v1');
  await repository.push(strong);
});

/** What a HEAD has to tell, and all that differs between two answers of the same thing. */
function described({ headers, status }: Answer): object {
  const { date: _date, 'x-request-id': _id, connection: _connection, 'keep-alive': _alive, ...rest } = headers;
  return { status, ...rest };
}

describe('GET and HEAD of a manifest (distribution-spec, Pulling manifests)', () => {
  test.each([
    ['tag', 'v1', image, 'no-cache, no-transform'],
    ['digest', image.digest, image, 'max-age=31536000, immutable, no-transform'],
    ['sha512 digest', strong.digest, strong, 'max-age=31536000, immutable, no-transform'],
  ] as const)('by %s: the bytes, type and digest it was pushed with', async (_by, reference, pushed, caching) => {
    const answer = await repository.send('GET', `manifests/${reference}`);
    expect(answer.status).toBe(200);
    expect(answer.body.equals(pushed.bytes)).toBe(true);
    expect(valuesOf(answer, 'Content-Type')).toEqual([OCI_IMAGE]);
    expect(valuesOf(answer, 'Content-Length')).toEqual([String(pushed.bytes.length)]);
    expect(valuesOf(answer, 'Docker-Content-Digest')).toEqual([pushed.digest]);
    expect(valuesOf(answer, 'ETag')).toEqual([`"${pushed.digest}"`]);
    expect(answer.headers['cache-control']?.replace(/^private, /, '')).toBe(caching);
  });

  test.each(['v1', image.digest, strong.digest])(
    'HEAD answers what GET does, without the body: %.12s',
    async (reference) => {
      const [get, head] = [
        await repository.send('GET', `manifests/${reference}`),
        await repository.send('HEAD', `manifests/${reference}`),
      ];
      expect(described(head)).toEqual(described(get));
      expect(head.body).toHaveLength(0);
    },
  );

  test.each([
    ['nothing', {}],
    ['anything', { Accept: '*/*' }],
    ['an index', { Accept: OCI_INDEX }],
    ['a page', { Accept: 'text/html;q=0.9' }],
    ['schema 1', { Accept: 'application/vnd.docker.distribution.manifest.v1+prettyjws' }],
    ['a list of types', { Accept: `${OCI_INDEX}, application/json;q=0.5` }],
    ['several Accept headers', { Accept: [OCI_INDEX, 'application/json'] }],
  ])('a client that accepts %s gets what is stored', async (_what, headers) => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await repository.send(method, 'manifests/v1', { headers });
      expect([answer.status, answer.headers['content-type']]).toEqual([200, OCI_IMAGE]);
      expect(answer.headers['docker-content-digest']).toBe(image.digest);
    }
  });

  test.each([
    ['404 MANIFEST_UNKNOWN', 'a tag that is not there', 'missing'],
    ['404 MANIFEST_UNKNOWN', 'a name that no tag can have', '.INVALID_MANIFEST_NAME'],
    ['404 MANIFEST_UNKNOWN', 'a name of 129 characters', 'a'.repeat(129)],
    ['404 MANIFEST_UNKNOWN', 'a digest that is not there', randomDigest()],
    ['404 MANIFEST_UNKNOWN', 'a sha512 digest that is not there', randomDigest('sha512')],
    ['400 DIGEST_INVALID', 'a digest without hex', 'sha256:totallywrong'],
    ['400 DIGEST_INVALID', 'a digest that is too short', image.digest.slice(0, -1)],
    ['400 DIGEST_INVALID', 'a digest that is too long', `${image.digest}0`],
    ['400 DIGEST_INVALID', 'a digest in upper case', `sha256:${'A'.repeat(64)}`],
    ['400 DIGEST_INVALID', 'an algorithm that is not taken', `blake3:${'a'.repeat(64)}`],
    ['400 DIGEST_INVALID', 'a digest of another algorithm’s length', image.digest.replace('sha256', 'sha512')],
  ])('%s for %s', async (expected, _what, reference) => {
    expect(verdict(await repository.send('GET', `manifests/${reference}`))).toBe(expected);
    const head = await repository.send('HEAD', `manifests/${reference}`);
    expect([head.status, head.body.length]).toEqual([Number(expected.slice(0, 3)), 0]);
  });

  test('a manifest is in the repository it was pushed to and in no other', async () => {
    const other = registry.repository();
    for (const reference of ['v1', image.digest]) {
      expect(verdict(await other.send('GET', `manifests/${reference}`))).toBe('404 MANIFEST_UNKNOWN');
    }
  });

  test.each(['bytes=0-', 'bytes=0-9', 'bytes=999999-'])('Range: %s is not for manifests', async (Range) => {
    const answer = await repository.send('GET', 'manifests/v1', { headers: { Range } });
    expect([answer.status, answer.body.length]).toEqual([200, image.bytes.length]);
    expect(answer.headers).not.toHaveProperty('content-range');
  });

  test('ns, which mirrors of containerd are asked with, changes nothing', async () => {
    const answer = await repository.send('GET', 'manifests/v1?ns=docker.io');
    expect([answer.status, answer.headers['docker-content-digest']]).toEqual([200, image.digest]);
  });

  test('what was pushed with unknown members, white space and escapes comes back byte for byte', async () => {
    const made = imageOf({ more: { 'x-unknown': { é: '\u00fc', n: 1 } } });
    const odd = `${JSON.stringify(JSON.parse(made.bytes.toString()), null, 3).replace('ü', '\\u00FC')}\n\n`;
    const bytes = Buffer.from(odd);
    await repository.pushBlobs(...made.blobs);
    expect((await repository.put('odd', { ...made, bytes })).status).toBe(201);
    expect((await repository.send('GET', 'manifests/odd')).body.equals(bytes)).toBe(true);
  });
});

describe('asking only for what is new (RFC 9110, 13.1.2)', () => {
  const same = (): [string, string | string[]][] => [
    ['the entity tag', `"${image.digest}"`],
    ['a weak one', `W/"${image.digest}"`],
    ['the bare digest', image.digest],
    ['a list', `"${randomDigest()}", "${image.digest}"`],
    ['several headers', [`"${randomDigest()}"`, `"${image.digest}"`]],
    ['anything', '*'],
  ];
  test.each(same())('%s: 304, with the tag and no body', async (_what, value) => {
    for (const [method, reference] of [
      ['GET', 'v1'],
      ['HEAD', 'v1'],
      ['GET', image.digest],
      ['HEAD', image.digest],
    ] as const) {
      const answer = await repository.send(method, `manifests/${reference}`, { headers: { 'If-None-Match': value } });
      expect([answer.status, answer.body.length]).toEqual([304, 0]);
      expect(answer.headers).toMatchObject({ etag: `"${image.digest}"`, 'docker-content-digest': image.digest });
      expect(answer.headers['cache-control']).toBeDefined();
    }
  });

  test.each([
    ['another digest', `"${randomDigest()}"`],
    ['a part of the digest', image.digest.slice(0, -1)],
    ['nothing', ''],
    ['a loose word', 'sha256'],
  ])('%s: 200 and all of it', async (_what, value) => {
    const answer = await repository.send('GET', 'manifests/v1', { headers: { 'If-None-Match': value } });
    expect([answer.status, answer.body.length]).toEqual([200, image.bytes.length]);
  });

  test('* of what is not there is 404', async () => {
    const answer = await repository.send('GET', 'manifests/missing', { headers: { 'If-None-Match': '*' } });
    expect(verdict(answer)).toBe('404 MANIFEST_UNKNOWN');
  });

  test('a tag that has moved is new', async () => {
    const next = manifestOf(JSON.parse(image.bytes.toString()) as object, { mediaType: OCI_IMAGE });
    const moved = { ...next, bytes: Buffer.concat([next.bytes, Buffer.from('\n')]) };
    await repository.push(image, 'moving');
    const condition = { headers: { 'If-None-Match': `"${image.digest}"` } };
    expect((await repository.send('HEAD', 'manifests/moving', condition)).status).toBe(304);
    expect((await repository.put('moving', moved)).status).toBe(201);
    expect((await repository.send('HEAD', 'manifests/moving', condition)).status).toBe(200);
  });
});
