import { beforeAll, describe, expect, test } from '@jest/globals';
import { valuesOf, verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import type { Repository } from './repository.js';
import {
  artifactOf,
  CONFIG_TYPE,
  contentOf,
  descriptorOf,
  digestOf,
  DOCKER_IMAGE,
  DOCKER_LIST,
  EMPTY_BLOB,
  EMPTY_TYPE,
  imageOf,
  indexOf,
  LAYER_TYPE,
  manifestOf,
  OCI_IMAGE,
  OCI_INDEX,
  randomBlob,
  randomDigest,
  type Manifest,
} from './samples.js';

const registry = registryUnderTest();
const MAX_MANIFEST_BYTES = 4_194_304;

let repository: Repository;
const image = imageOf();
/** What every body below may name. */
const config = descriptorOf(EMPTY_BLOB, EMPTY_TYPE);

beforeAll(async () => {
  repository = registry.repository();
  await repository.pushBlobs(EMPTY_BLOB);
  await repository.push(image, 'v1');
});

/** An image of these members and no blob but the empty one. */
function smallImage(more: object = {}): Manifest {
  return imageOf({ layers: [], more: { config, annotations: { 'org.example.id': randomDigest() }, ...more } });
}

function text(bytes: string | Buffer, mediaType: string = OCI_IMAGE): Manifest {
  return { ...contentOf(bytes), mediaType, blobs: [], children: [] };
}

describe('the answer to a push (distribution-spec, Pushing Manifests)', () => {
  test.each([
    ['a tag', () => 'answer', 'sha256'],
    ['its sha256', (pushed: Manifest) => pushed.digest, 'sha256'],
    ['its sha512', (pushed: Manifest) => pushed.digest, 'sha512'],
  ] as const)('by %s: 201, and where it is from now on', async (_by, reference, algorithm) => {
    const pushed = imageOf({ layers: [], algorithm, more: { config } });
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

describe('the media type of a push', () => {
  test.each([
    [OCI_IMAGE, OCI_IMAGE],
    [`${OCI_IMAGE}; charset=utf-8`, OCI_IMAGE],
    [OCI_IMAGE.toUpperCase(), OCI_IMAGE],
    ['application/json', OCI_IMAGE],
    ['application/octet-stream', OCI_IMAGE],
    ['', OCI_IMAGE],
  ])('sent as "%s", served as %s', async (sent, served) => {
    const pushed = smallImage();
    expect((await repository.put('typed', pushed, { 'Content-Type': sent })).status).toBe(201);
    expect((await repository.send('GET', 'manifests/typed')).headers['content-type']).toBe(served);
  });

  test.each([
    ['an image without mediaType', { mediaType: undefined, config, layers: [] }, OCI_IMAGE],
    ['an index without mediaType', { mediaType: undefined, manifests: [] }, OCI_INDEX],
    ['a Docker image', { mediaType: DOCKER_IMAGE, config, layers: [] }, DOCKER_IMAGE],
    ['a Docker list', { mediaType: DOCKER_LIST, manifests: [] }, DOCKER_LIST],
  ])('without Content-Type it is what the body says: %s', async (_what, body, expected) => {
    const pushed = manifestOf({ schemaVersion: 2, ...body, annotations: { a: randomDigest() } }, { mediaType: '' });
    expect((await repository.send('PUT', 'manifests/untyped', { body: pushed.bytes })).status).toBe(201);
    expect((await repository.send('HEAD', 'manifests/untyped')).headers['content-type']).toBe(expected);
  });

  test('an image without mediaType is served as it was sent', async () => {
    for (const type of [OCI_IMAGE, DOCKER_IMAGE]) {
      const pushed = manifestOf(
        { schemaVersion: 2, config, layers: [], annotations: { a: randomDigest() } },
        { mediaType: type },
      );
      expect((await repository.put('bare', pushed)).status).toBe(201);
      expect((await repository.send('HEAD', 'manifests/bare')).headers['content-type']).toBe(type);
    }
  });

  test.each([
    ['the type of the body', smallImage(), DOCKER_IMAGE],
    ['the kind of the body', indexOf([]), OCI_IMAGE],
    [
      'schema 1',
      smallImage({ mediaType: undefined, schemaVersion: 1 }),
      'application/vnd.docker.distribution.manifest.v1+json',
    ],
    [
      'signed schema 1',
      smallImage({ mediaType: undefined, schemaVersion: 1 }),
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
    ],
    [
      'the withdrawn artifact manifest',
      smallImage({ mediaType: undefined }),
      'application/vnd.oci.artifact.manifest.v1+json',
    ],
    ['an unknown type', smallImage({ mediaType: undefined }), 'text/html'],
  ])('a Content-Type that is not %s is 400 MANIFEST_INVALID', async (_what, pushed, type) => {
    expect(verdict(await repository.put('bad-type', pushed, { 'Content-Type': type }))).toBe('400 MANIFEST_INVALID');
  });

  test('bytes that are stored as one type are not pushed as another', async () => {
    const pushed = manifestOf(
      { schemaVersion: 2, config, layers: [], annotations: { a: randomDigest() } },
      { mediaType: OCI_IMAGE },
    );
    expect((await repository.put(pushed.digest, pushed)).status).toBe(201);
    expect(verdict(await repository.put(pushed.digest, pushed, { 'Content-Type': DOCKER_IMAGE }))).toBe(
      '400 MANIFEST_INVALID',
    );
    expect((await repository.send('HEAD', `manifests/${pushed.digest}`)).headers['content-type']).toBe(OCI_IMAGE);
  });
});

describe('the body of a push', () => {
  test.each([
    ['nothing', text('')],
    ['no JSON', text('{"schemaVersion":2,')],
    ['data after the end', text(`${smallImage().bytes.toString()}{}`)],
    ['a byte order mark', text(`\uFEFF${smallImage().bytes.toString()}`)],
    [
      'bytes that are not UTF-8',
      text(Buffer.concat([Buffer.from('{"schemaVersion":2,"x":"'), Buffer.from([0xff]), Buffer.from('"}')])),
    ],
    ['a list', text('[]')],
    ['a word', text('"image"')],
    ['null', text('null')],
    ['a deep value', smallImage({ x: JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) as unknown })],
    ['a member twice', text(`{"schemaVersion":2,"config":${JSON.stringify(config)},"layers":[],"layers":[]}`)],
    ['a member in two spellings', smallImage({ Layers: [] })],
    ['__proto__', text(`{"schemaVersion":2,"config":${JSON.stringify(config)},"layers":[],"__proto__":{}}`)],
    ['schemaVersion 1', smallImage({ schemaVersion: 1 })],
    ['no schemaVersion', smallImage({ schemaVersion: undefined })],
    ['schemaVersion as text', smallImage({ schemaVersion: '2' })],
    ['an image with manifests', smallImage({ manifests: [] })],
    ['an index with layers', indexOf([], { more: { layers: [] } })],
    ['an index with a config', indexOf([], { more: { config } })],
    ['an image without config', smallImage({ config: undefined })],
    ['an index without manifests', indexOf([], { more: { manifests: undefined } })],
    ['layers that are no list', smallImage({ layers: {} })],
    ['a layer without type', smallImage({ layers: [{ ...config, mediaType: undefined }] })],
    ['a layer without size', smallImage({ layers: [{ ...config, size: undefined }] })],
    ['a negative size', smallImage({ layers: [{ ...config, size: -2 }] })],
    ['half a byte', smallImage({ layers: [{ ...config, size: 2.5 }] })],
    ['a size as text', smallImage({ layers: [{ ...config, size: '2' }] })],
    ['annotations that are no text', smallImage({ annotations: { a: 1 } })],
    ['a foreign layer with a file URL', smallImage({ layers: [{ ...config, urls: ['file:///etc/passwd'] }] })],
    ['10,001 descriptors', smallImage({ layers: Array<unknown>(10_000).fill(config) })],
  ])('%s is 400 MANIFEST_INVALID, and the tag stays as it was', async (_what, pushed) => {
    expect(verdict(await repository.put('v1', pushed))).toBe('400 MANIFEST_INVALID');
    expect((await repository.send('HEAD', 'manifests/v1')).headers['docker-content-digest']).toBe(image.digest);
    expect((await repository.send('HEAD', `manifests/${pushed.digest}`)).status).toBe(404);
  });

  test.each([
    ['a layer', smallImage({ layers: [{ ...config, digest: 'sha256:x' }] })],
    ['the config', smallImage({ config: { ...config, digest: `sha256:${'A'.repeat(64)}` } })],
    ['the subject', smallImage({ subject: { ...config, digest: 'sha256:../../x' } })],
    [
      'a child',
      indexOf([], { more: { manifests: [{ ...config, mediaType: OCI_IMAGE, digest: `md5:${'a'.repeat(32)}` }] } }),
    ],
  ])('a digest of %s that cannot be is 400 DIGEST_INVALID', async (_what, pushed) => {
    expect(verdict(await repository.put('bad-digest', pushed))).toBe('400 DIGEST_INVALID');
  });

  test.each([
    ['no layers', smallImage()],
    ['layers null, as Go writes nothing', smallImage({ layers: null })],
    ['no mediaType', smallImage({ mediaType: undefined })],
    ['an empty mediaType', smallImage({ mediaType: '' })],
    ['unknown members at every level', smallImage({ x: { y: [1, { z: null }] }, config: { ...config, x: 1 } })],
    ['the config embedded as data', smallImage({ config: { ...config, data: EMPTY_BLOB.bytes.toString('base64') } })],
    ['an unknown config type', smallImage({ config: { ...config, mediaType: 'application/x-whatever' } })],
    ['an unknown layer type', smallImage({ layers: [{ ...config, mediaType: 'text/plain' }] })],
    ['an unknown artifact type', smallImage({ artifactType: 'application/x-whatever' })],
    ['the same layer many times', smallImage({ layers: [config, config, config] })],
    ['annotations in any script', smallImage({ annotations: { ключ: '値 🐳', '': '' } })],
    ['9,999 layers', smallImage({ layers: Array<unknown>(9_999).fill(config) })],
    ['an index of nothing', indexOf([])],
    ['an index with manifests null', indexOf([], { more: { manifests: null } })],
    ['an index with unknown members', indexOf([], { more: { x: [] } })],
    ['an index with an artifact type', indexOf([], { more: { artifactType: 'application/x-whatever' } })],
  ])('%s is taken, and comes back as it is', async (_what, pushed) => {
    expect((await repository.put(pushed.digest, pushed)).status).toBe(201);
    expect((await repository.send('GET', `manifests/${pushed.digest}`)).body.equals(pushed.bytes)).toBe(true);
  });
});

describe('the size of a push', () => {
  function imageOfSize(sizeBytes: number): Manifest {
    const frame = JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_IMAGE,
      config,
      layers: [],
      annotations: { a: '' },
    });
    return text(frame.replace('"a":""', `"a":"${'x'.repeat(sizeBytes - frame.length)}"`));
  }

  test('4 MiB are taken, to the byte', async () => {
    const pushed = imageOfSize(MAX_MANIFEST_BYTES);
    expect((await repository.put('large', pushed)).status).toBe(201);
    const pulled = await repository.send('GET', 'manifests/large');
    expect([pulled.headers['content-length'], pulled.body.equals(pushed.bytes)]).toEqual([
      String(MAX_MANIFEST_BYTES),
      true,
    ]);
  });

  test.each([
    ['with its length', {}],
    ['in chunks', { 'Transfer-Encoding': 'chunked' }],
  ])('one byte more is 413, %s', async (_how, headers) => {
    const answer = await repository.put('too-large', imageOfSize(MAX_MANIFEST_BYTES + 1), headers);
    expect(verdict(answer)).toBe('413 MANIFEST_INVALID');
    expect((await repository.send('HEAD', 'manifests/too-large')).status).toBe(404);
  });

  test('an announced length that is too large is 413 before a byte of it is sent', async () => {
    const head = [
      `PUT ${repository.path('manifests/huge')} HTTP/1.1`,
      `Content-Type: ${OCI_IMAGE}`,
      'Content-Length: 99999999999',
      'Expect: 100-continue',
    ];
    expect((await registry.say(head)).status).toBe(413);
  });
});

describe('what a manifest names has to be there', () => {
  test.each([
    ['a layer', () => imageOf({ more: { config } })],
    ['a config', () => imageOf({ layers: [] })],
    ['a child', () => indexOf([imageOf()])],
    ['a nested index', () => indexOf([indexOf([])])],
    ['a blob named as a child', () => indexOf([], { more: { manifests: [{ ...config, mediaType: OCI_IMAGE }] } })],
    ['a manifest named as a layer', () => smallImage({ layers: [descriptorOf(image, LAYER_TYPE)] })],
    [
      'a layer of BuildKit’s cache',
      () => indexOf([], { more: { manifests: [descriptorOf(randomBlob(), LAYER_TYPE)] } }),
    ],
  ])('%s that is missing is 400 MANIFEST_BLOB_UNKNOWN', async (_what, make) => {
    const pushed = make();
    expect(verdict(await repository.put('incomplete', pushed))).toBe('400 MANIFEST_BLOB_UNKNOWN');
    expect((await repository.send('HEAD', 'manifests/incomplete')).status).toBe(404);
    expect((await repository.send('HEAD', `manifests/${pushed.digest}`)).status).toBe(404);
  });

  test('what another repository has is missing here', async () => {
    const other = registry.repository();
    const pushed = imageOf();
    await other.push(pushed);
    expect(verdict(await repository.put('theirs', pushed))).toBe('400 MANIFEST_BLOB_UNKNOWN');
    expect(verdict(await repository.put('theirs', indexOf([pushed])))).toBe('400 MANIFEST_BLOB_UNKNOWN');
  });

  test('a size that is not the size of what is there is 400', async () => {
    for (const pushed of [
      smallImage({ config: { ...config, size: 3 } }),
      indexOf([], { more: { manifests: [{ ...descriptorOf(image, OCI_IMAGE), size: 1 }] } }),
    ]) {
      expect(verdict(await repository.put('wrong-size', pushed))).toMatch(/^400 MANIFEST_(INVALID|BLOB_UNKNOWN)$/);
      expect((await repository.send('HEAD', 'manifests/wrong-size')).status).toBe(404);
    }
  });

  test.each([
    'application/vnd.oci.image.layer.nondistributable.v1.tar',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  ])('a layer of type %s need not be there', async (type) => {
    const urls = ['https://layers.example/1', 'http://layers.example/1'];
    const pushed = smallImage({ layers: [descriptorOf(randomBlob(), type, { urls })] });
    expect((await repository.put('foreign', pushed)).status).toBe(201);
    expect((await repository.send('GET', 'manifests/foreign')).body.equals(pushed.bytes)).toBe(true);
  });

  test('a subject is never looked for', async () => {
    for (const subject of [imageOf(), imageOf({ algorithm: 'sha512' })]) {
      expect((await repository.put('subject', artifactOf('a/b', { subject }))).status).toBe(201);
    }
  });

  test('an index may name images, indexes, and BuildKit’s cache with its layers and config', async () => {
    const [layer, cacheConfig] = [randomBlob(), randomBlob()];
    const nested = indexOf([image]);
    await repository.pushBlobs(layer, cacheConfig);
    await repository.push(nested);
    const cache = {
      manifests: [
        descriptorOf(layer, 'application/vnd.oci.image.layer.v1.tar+gzip', {
          annotations: { 'buildkit/createdat': '1' },
        }),
        descriptorOf(cacheConfig, 'application/vnd.buildkit.cacheconfig.v0'),
      ],
    };
    for (const pushed of [
      indexOf([image, nested, image]),
      indexOf([], { more: cache }),
      { ...indexOf([], { more: { ...cache, mediaType: DOCKER_LIST } }), mediaType: DOCKER_LIST },
    ]) {
      expect((await repository.put('index', pushed)).status).toBe(201);
    }
  });

  test('sha256 and sha512 mix in one manifest', async () => {
    const [weak, strong] = [randomBlob(), randomBlob(40, 'sha512')];
    const mixed = imageOf({ layers: [weak, strong] });
    const deep = imageOf({ layers: [strong], algorithm: 'sha512' });
    await repository.push(mixed, 'mixed');
    await repository.push(deep);
    const both = indexOf([mixed, deep]);
    await repository.push(both, 'both');
    expect((await repository.send('GET', 'manifests/both')).body.equals(both.bytes)).toBe(true);
  });
});

describe('tag parameters (distribution-spec, Pushing Manifests)', () => {
  test.each(['sha256', 'sha512'] as const)('a push by %s sets every tag, and says which', async (algorithm) => {
    const pushed = imageOf({ layers: [], algorithm, more: { config } });
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
    const pushed = imageOf({ layers: [], algorithm, more: { config } });
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
      imageOf({ layers: [], subject: image, more: { config: { ...config, mediaType: CONFIG_TYPE } } }),
      image.digest,
    ],
  ])('%s: OCI-Subject on every push, by tag and by digest', async (_what, pushed, expected) => {
    for (const reference of ['with-subject', pushed.digest, pushed.digest, `${pushed.digest}?tag=again`]) {
      const answer = await repository.put(reference, pushed);
      expect([answer.status, ...valuesOf(answer, 'OCI-Subject')]).toEqual([201, expected]);
    }
  });
});
