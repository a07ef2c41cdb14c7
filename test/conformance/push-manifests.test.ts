import { beforeAll, describe, expect, test } from '@jest/globals';
import { valuesOf, verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import type { Repository } from './repository.js';
import {
  artifactOf,
  CONFIG_TYPE,
  digestOf,
  EMPTY_CONFIG,
  imageOf,
  indexOf,
  OCI_IMAGE,
  randomDigest,
  smallImage,
  type Manifest,
} from './samples.js';

const registry = registryUnderTest();

let repository: Repository;
const image = imageOf();

beforeAll(async () => {
  repository = await registry.repositoryWith(image);
});

describe('the answer to a push (distribution-spec, Pushing Manifests)', () => {
  test.each([
    ['a tag', () => 'answer', 'sha256'],
    ['its sha256', (pushed: Manifest) => pushed.digest, 'sha256'],
    ['its sha512', (pushed: Manifest) => pushed.digest, 'sha512'],
  ] as const)('by %s: 201, and where it is from now on', async (_by, reference, algorithm) => {
    const pushed = imageOf({ layers: [], algorithm, more: { config: EMPTY_CONFIG } });
    const answer = await repository.put(reference(pushed), pushed);
    expect(answer.status).toBe(201);
    expect(valuesOf(answer, 'Location')).toEqual([repository.path(`manifests/${pushed.digest}`)]);
    expect(valuesOf(answer, 'Docker-Content-Digest')).toEqual([pushed.digest]);
    expect(answer.headers).not.toHaveProperty('oci-subject');
    expect(answer.headers).not.toHaveProperty('oci-tag');
    const pulled = await registry.send('GET', answer.headers.location ?? '');
    expect(pulled.body.equals(pushed.bytes)).toBe(true);
  });

  test('a repeat is 201 each time, by tag and by digest', async () => {
    for (const reference of ['v1', image.digest, 'v1', 'v2', 'v2']) {
      expect((await repository.put(reference, image)).status).toBe(201);
    }
  });

  test('a tag moves to what is pushed last', async () => {
    const [first, second] = [smallImage(), smallImage()];
    for (const one of [first, second, first]) {
      await repository.put('moves', one);
      const { headers } = await repository.send('HEAD', 'manifests/moves');
      expect(headers['docker-content-digest']).toBe(one.digest);
    }
  });

  test.each(['v', '_x', '9.9_a-Z', 'a'.repeat(128)])('%.10s is a tag', async (tag) => {
    expect((await repository.put(tag, image)).status).toBe(201);
    expect((await repository.send('HEAD', `manifests/${tag}`)).status).toBe(200);
  });

  test.each(['.a', '-a', 'a'.repeat(129), 'a+b', 'ü'])('400 TAG_INVALID: %.10s is none', async (tag) => {
    expect(verdict(await repository.put(encodeURI(tag), image))).toBe('400 TAG_INVALID');
  });

  test('a body that comes in chunks, without a length, is taken', async () => {
    const pushed = smallImage();
    const sent = { headers: { 'Content-Type': OCI_IMAGE, 'Transfer-Encoding': 'chunked' }, body: pushed.bytes };
    expect((await repository.wire.send('PUT', repository.path('manifests/chunked'), sent)).status).toBe(201);
    expect((await repository.send('GET', 'manifests/chunked')).body.equals(pushed.bytes)).toBe(true);
  });

  test('a digest of other bytes is 400 DIGEST_INVALID, and nothing is stored', async () => {
    const pushed = smallImage();
    for (const digest of [
      randomDigest(),
      randomDigest('sha512'),
      digestOf(pushed.bytes, 'sha512').slice(0, 71).replace('512', '256'),
    ]) {
      expect(verdict(await repository.put(digest, pushed))).toBe('400 DIGEST_INVALID');
      expect((await repository.send('HEAD', `manifests/${digest}`)).status).toBe(404);
    }
    expect((await repository.send('HEAD', `manifests/${pushed.digest}`)).status).toBe(404);
  });

  test.each([
    ['no hex', 'sha256:baddigeststring'],
    ['upper case', `sha256:${'A'.repeat(64)}`],
    ['the length of another algorithm', `sha512:${'a'.repeat(64)}`],
    ['an algorithm that is not taken', `blake3:${'a'.repeat(64)}`],
    ['no algorithm', ':abc'],
  ])('a digest with %s is 400 DIGEST_INVALID', async (_what, digest) => {
    expect(verdict(await repository.put(digest, image))).toBe('400 DIGEST_INVALID');
  });
});

describe('tag parameters (distribution-spec, Pushing Manifests)', () => {
  test.each(['sha256', 'sha512'] as const)('a push by %s sets every tag, and says which', async (algorithm) => {
    const pushed = imageOf({ layers: [], algorithm, more: { config: EMPTY_CONFIG } });
    const tags = Array.from({ length: 12 }, (_, at) => `${algorithm}-${at}`);
    const answer = await repository.put(`${pushed.digest}?${tags.map((tag) => `tag=${tag}`).join('&')}`, pushed);
    expect(answer.status).toBe(201);
    expect(valuesOf(answer, 'OCI-Tag').flatMap((value) => value.split(', '))).toEqual(tags);
    for (const tag of tags) {
      const { status, headers } = await repository.send('HEAD', `manifests/${tag}`);
      expect([status, headers['docker-content-digest']]).toEqual([200, pushed.digest]);
    }
  });

  test('one tag given twice is one tag', async () => {
    const answer = await repository.put(`${image.digest}?tag=twice&tag=twice`, image);
    expect([answer.status, answer.headers['oci-tag']]).toEqual([201, 'twice']);
  });

  test.each([
    ['one that cannot be', 'tag=good&tag=.bad', '400 TAG_INVALID'],
    ['an empty one', 'tag=good&tag=', '400 TAG_INVALID'],
    ['a line feed', 'tag=good&tag=a%0d%0ab', '400 TAG_INVALID'],
    ['too many', Array.from({ length: 101 }, (_, at) => `tag=good${at || ''}`).join('&'), '414 TAG_INVALID'],
  ])('all or none: %s', async (_what, query, expected) => {
    expect(verdict(await repository.put(`${image.digest}?${query}`, image))).toBe(expected);
    expect((await repository.send('HEAD', 'manifests/good')).status).toBe(404);
  });

  test('none is set where the manifest is refused', async () => {
    const incomplete = imageOf();
    expect(verdict(await repository.put(`${incomplete.digest}?tag=refused`, incomplete))).toBe(
      '400 MANIFEST_BLOB_UNKNOWN',
    );
    expect((await repository.send('HEAD', 'manifests/refused')).status).toBe(404);
  });

  test('they go with a digest in the path only', async () => {
    expect(verdict(await repository.put('v1?tag=more', image))).toBe('400 TAG_INVALID');
    expect((await repository.send('HEAD', 'manifests/more')).status).toBe(404);
  });
});

describe('a tag pushed with its digest, as regctl does', () => {
  test.each(['sha256', 'sha512'] as const)('it names the manifest by its %s', async (algorithm) => {
    const pushed = imageOf({ layers: [], algorithm, more: { config: EMPTY_CONFIG } });
    const answer = await repository.put(`by-${algorithm}?digest=${encodeURIComponent(pushed.digest)}`, pushed);
    expect([answer.status, answer.headers['docker-content-digest']]).toEqual([201, pushed.digest]);
    for (const reference of [`by-${algorithm}`, pushed.digest]) {
      const { headers, body } = await repository.send('GET', `manifests/${reference}`);
      expect([headers['docker-content-digest'], body.equals(pushed.bytes)]).toEqual([pushed.digest, true]);
    }
  });

  test.each([
    ['of other bytes', randomDigest()],
    ['that cannot be', 'sha256:x'],
    ['that is empty', ''],
  ])('a digest %s is 400 DIGEST_INVALID, and there is no tag', async (_what, digest) => {
    expect(verdict(await repository.put(`never?digest=${digest}`, image))).toBe('400 DIGEST_INVALID');
    expect((await repository.send('HEAD', 'manifests/never')).status).toBe(404);
  });

  test('a digest in the path and another one beside it contradict each other', async () => {
    expect(verdict(await repository.put(`${image.digest}?digest=${randomDigest()}`, image))).toBe('400 DIGEST_INVALID');
    expect((await repository.put(`${image.digest}?digest=${image.digest}`, image)).status).toBe(201);
  });
});

describe('a subject (distribution-spec, Pushing Manifests with Subject)', () => {
  const subject = imageOf({ algorithm: 'sha512' });
  test.each([
    ['an image', artifactOf('a/b', { subject: image }), image.digest],
    ['an index', indexOf([], { subject: image }), image.digest],
    ['an image whose subject is not there', artifactOf('a/b', { subject }), subject.digest],
    [
      'an image without artifactType',
      imageOf({ layers: [], subject: image, more: { config: { ...EMPTY_CONFIG, mediaType: CONFIG_TYPE } } }),
      image.digest,
    ],
  ])('%s: OCI-Subject on every push, by tag and by digest', async (_what, pushed, expected) => {
    for (const reference of ['with-subject', pushed.digest, pushed.digest, `${pushed.digest}?tag=again`]) {
      const answer = await repository.put(reference, pushed);
      expect([answer.status, ...valuesOf(answer, 'OCI-Subject')]).toEqual([201, expected]);
    }
  });
});
