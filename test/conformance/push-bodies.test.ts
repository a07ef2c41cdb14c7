import { beforeAll, describe, expect, test } from '@jest/globals';
import { verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import type { Repository } from './repository.js';
import {
  contentOf,
  DOCKER_IMAGE,
  DOCKER_LIST,
  EMPTY_BLOB,
  EMPTY_CONFIG,
  imageOf,
  indexOf,
  manifestOf,
  OCI_IMAGE,
  OCI_INDEX,
  randomDigest,
  smallImage,
  type Manifest,
} from './samples.js';

const registry = registryUnderTest();
const MAX_MANIFEST_BYTES = 4_194_304;

let repository: Repository;
const image = imageOf();

beforeAll(async () => {
  repository = await registry.repositoryWith(image);
});

function text(bytes: string | Buffer, mediaType: string = OCI_IMAGE): Manifest {
  return { ...contentOf(bytes), mediaType, blobs: [], children: [] };
}

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
    ['an image without mediaType', { mediaType: undefined, config: EMPTY_CONFIG, layers: [] }, OCI_IMAGE],
    ['an index without mediaType', { mediaType: undefined, manifests: [] }, OCI_INDEX],
    ['a Docker image', { mediaType: DOCKER_IMAGE, config: EMPTY_CONFIG, layers: [] }, DOCKER_IMAGE],
    ['a Docker list', { mediaType: DOCKER_LIST, manifests: [] }, DOCKER_LIST],
  ])('without Content-Type it is what the body says: %s', async (_what, body, expected) => {
    const pushed = manifestOf({ schemaVersion: 2, ...body, annotations: { a: randomDigest() } }, { mediaType: '' });
    expect((await repository.send('PUT', 'manifests/untyped', { body: pushed.bytes })).status).toBe(201);
    expect((await repository.send('HEAD', 'manifests/untyped')).headers['content-type']).toBe(expected);
  });

  test('an image without mediaType is served as it was sent', async () => {
    for (const type of [OCI_IMAGE, DOCKER_IMAGE]) {
      const pushed = manifestOf(
        { schemaVersion: 2, config: EMPTY_CONFIG, layers: [], annotations: { a: randomDigest() } },
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
      { schemaVersion: 2, config: EMPTY_CONFIG, layers: [], annotations: { a: randomDigest() } },
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
    ['a member twice', text(`{"schemaVersion":2,"config":${JSON.stringify(EMPTY_CONFIG)},"layers":[],"layers":[]}`)],
    ['a member in two spellings', smallImage({ Layers: [] })],
    ['__proto__', text(`{"schemaVersion":2,"config":${JSON.stringify(EMPTY_CONFIG)},"layers":[],"__proto__":{}}`)],
    ['schemaVersion 1', smallImage({ schemaVersion: 1 })],
    ['no schemaVersion', smallImage({ schemaVersion: undefined })],
    ['schemaVersion as text', smallImage({ schemaVersion: '2' })],
    ['an image with manifests', smallImage({ manifests: [] })],
    ['an index with layers', indexOf([], { more: { layers: [] } })],
    ['an index with a config', indexOf([], { more: { config: EMPTY_CONFIG } })],
    ['an image without config', smallImage({ config: undefined })],
    ['an index without manifests', indexOf([], { more: { manifests: undefined } })],
    ['layers that are no list', smallImage({ layers: {} })],
    ['a layer without type', smallImage({ layers: [{ ...EMPTY_CONFIG, mediaType: undefined }] })],
    ['a layer without size', smallImage({ layers: [{ ...EMPTY_CONFIG, size: undefined }] })],
    ['a negative size', smallImage({ layers: [{ ...EMPTY_CONFIG, size: -2 }] })],
    ['half a byte', smallImage({ layers: [{ ...EMPTY_CONFIG, size: 2.5 }] })],
    ['a size as text', smallImage({ layers: [{ ...EMPTY_CONFIG, size: '2' }] })],
    ['annotations that are no text', smallImage({ annotations: { a: 1 } })],
    ['a foreign layer with a file URL', smallImage({ layers: [{ ...EMPTY_CONFIG, urls: ['file:///etc/passwd'] }] })],
    ['10,001 descriptors', smallImage({ layers: Array<unknown>(10_000).fill(EMPTY_CONFIG) })],
  ])('%s is 400 MANIFEST_INVALID, and the tag stays as it was', async (_what, pushed) => {
    expect(verdict(await repository.put('v1', pushed))).toBe('400 MANIFEST_INVALID');
    expect((await repository.send('HEAD', 'manifests/v1')).headers['docker-content-digest']).toBe(image.digest);
    expect((await repository.send('HEAD', `manifests/${pushed.digest}`)).status).toBe(404);
  });

  test.each([
    ['a layer', smallImage({ layers: [{ ...EMPTY_CONFIG, digest: 'sha256:x' }] })],
    ['the config', smallImage({ config: { ...EMPTY_CONFIG, digest: `sha256:${'A'.repeat(64)}` } })],
    ['the subject', smallImage({ subject: { ...EMPTY_CONFIG, digest: 'sha256:../../x' } })],
    [
      'a child',
      indexOf([], {
        more: { manifests: [{ ...EMPTY_CONFIG, mediaType: OCI_IMAGE, digest: `md5:${'a'.repeat(32)}` }] },
      }),
    ],
  ])('a digest of %s that cannot be is 400 DIGEST_INVALID', async (_what, pushed) => {
    expect(verdict(await repository.put('bad-digest', pushed))).toBe('400 DIGEST_INVALID');
  });

  test.each([
    ['no layers', smallImage()],
    ['layers null, as Go writes nothing', smallImage({ layers: null })],
    ['no mediaType', smallImage({ mediaType: undefined })],
    ['an empty mediaType', smallImage({ mediaType: '' })],
    ['unknown members at every level', smallImage({ x: { y: [1, { z: null }] }, config: { ...EMPTY_CONFIG, x: 1 } })],
    [
      'the config embedded as data',
      smallImage({ config: { ...EMPTY_CONFIG, data: EMPTY_BLOB.bytes.toString('base64') } }),
    ],
    ['an unknown config type', smallImage({ config: { ...EMPTY_CONFIG, mediaType: 'application/x-whatever' } })],
    ['an unknown layer type', smallImage({ layers: [{ ...EMPTY_CONFIG, mediaType: 'text/plain' }] })],
    ['an unknown artifact type', smallImage({ artifactType: 'application/x-whatever' })],
    ['the same layer many times', smallImage({ layers: [EMPTY_CONFIG, EMPTY_CONFIG, EMPTY_CONFIG] })],
    ['annotations in any script', smallImage({ annotations: { ключ: '値 🐳', '': '' } })],
    ['9,999 layers', smallImage({ layers: Array<unknown>(9_999).fill(EMPTY_CONFIG) })],
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
      config: EMPTY_CONFIG,
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
