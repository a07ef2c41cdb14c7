import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { digestOf } from './digest.js';
import { MAX_MANIFEST_BYTES, parseManifest } from './manifest.js';
import { RegistryError } from './registry-error.js';

const IMAGE = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const DOCKER_IMAGE = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const EMPTY = 'application/vnd.oci.empty.v1+json';

const descriptor = (mediaType: string, content = mediaType) => ({
  mediaType,
  digest: digestOf(content),
  size: content.length,
});
const config = descriptor(CONFIG);
const layer = descriptor(LAYER);
const child = descriptor(IMAGE);
const image = { schemaVersion: 2, mediaType: IMAGE, config, layers: [layer] };
const index = { schemaVersion: 2, mediaType: INDEX, manifests: [child] };

const bytesOf = (body: unknown) => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
const parse = (body: unknown, contentType?: string) => parseManifest(bytesOf(body), contentType);

function refusal(bytes: Uint8Array, contentType?: string): RegistryError {
  try {
    parseManifest(bytes, contentType);
  } catch (cause) {
    if (cause instanceof RegistryError) return cause;
    throw cause;
  }
  throw new Error('the manifest was accepted');
}

describe('what is told of a manifest', () => {
  test('an image names its config and layers', () => {
    expect(parse(image, IMAGE)).toEqual({
      kind: 'image',
      mediaType: IMAGE,
      blobs: [config, layer],
      foreign: [],
      children: [],
      artifactType: CONFIG,
    });
  });

  test('an index names manifests', () => {
    expect(parse(index, INDEX)).toEqual({ kind: 'index', mediaType: INDEX, blobs: [], foreign: [], children: [child] });
  });

  test('what an index names beside manifests is a blob, as in the caches of BuildKit', () => {
    const cacheConfig = descriptor('application/vnd.buildkit.cacheconfig.v0');
    const { blobs, children } = parse({ ...index, manifests: [layer, child, cacheConfig] });
    expect(blobs).toEqual([layer, cacheConfig]);
    expect(children).toEqual([child]);
  });

  test.each([
    'application/vnd.oci.image.layer.nondistributable.v1.tar',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  ])('a layer of type %s need not be here', (mediaType) => {
    const foreign = { ...descriptor(mediaType), urls: ['https://example.com/layer', 'HTTP://example.com/layer'] };
    const parsed = parse({ ...image, layers: [foreign, layer] });
    expect(parsed.blobs).toEqual([config, layer]);
    expect(parsed.foreign).toEqual([descriptor(mediaType)]);
  });

  test('the type of an artifact is its own, else that of its config, and an index has none but its own', () => {
    expect(parse({ ...image, artifactType: 'a/b' }).artifactType).toBe('a/b');
    expect(parse({ ...image, artifactType: '' }).artifactType).toBe(CONFIG);
    expect(parse({ ...index, artifactType: 'a/b' }).artifactType).toBe('a/b');
    expect(parse({ ...index, artifactType: '' })).not.toHaveProperty('artifactType');
  });

  test('subject and annotations are told of images and indexes alike', () => {
    const more = { subject: child, annotations: { 'org.example.a': 'b', 'org.example.A': 'B' } };
    expect(parse({ ...image, ...more })).toMatchObject(more);
    expect(parse({ ...index, ...more })).toMatchObject(more);
  });
});

describe('the media type', () => {
  test.each([
    ['as sent', image, IMAGE, IMAGE],
    ['lower-cased, without parameters', image, 'Application/vnd.OCI.image.manifest.v1+JSON ; charset=utf-8', IMAGE],
    ['its own where the request has none', image, '', IMAGE],
    ['its own where the request says JSON', image, 'application/json; charset=utf-8', IMAGE],
    [
      'its own where the request says bytes',
      { ...index, mediaType: DOCKER_LIST },
      'application/octet-stream',
      DOCKER_LIST,
    ],
    ['an image by its config', { ...image, mediaType: undefined }, '', IMAGE],
    ['an index by its manifests', { ...index, mediaType: undefined, manifests: [] }, 'application/json', INDEX],
    ['the request’s where the manifest has none', { ...image, mediaType: undefined }, DOCKER_IMAGE, DOCKER_IMAGE],
    ['the request’s where the manifest has an empty one', { ...image, mediaType: '' }, DOCKER_IMAGE, DOCKER_IMAGE],
    ['a Docker image', { ...image, mediaType: DOCKER_IMAGE }, DOCKER_IMAGE, DOCKER_IMAGE],
    ['a Docker list', { ...index, mediaType: DOCKER_LIST }, DOCKER_LIST, DOCKER_LIST],
  ])('is %s', (_, body, contentType, expected) => {
    expect(parse(body, contentType).mediaType).toBe(expected);
  });

  test.each([
    ['an unknown Content-Type', image, 'text/plain'],
    ['a Content-Type that names two', image, `${IMAGE}, ${INDEX}`],
    ['an unknown own type', { ...image, mediaType: 'text/plain' }, ''],
    ['an own type in upper case', { ...image, mediaType: IMAGE.toUpperCase() }, ''],
    ['an own type with parameters', { ...image, mediaType: `${IMAGE};a=b` }, IMAGE],
    ['an own type that is not text', { ...image, mediaType: 7 }, IMAGE],
    ['another own type than the Content-Type', image, INDEX],
    ['the Docker type in one place, the OCI type in the other', image, DOCKER_IMAGE],
    ['nothing to tell it by', { schemaVersion: 2, layers: [] }, ''],
    ['schema 1', { ...image, mediaType: undefined }, 'application/vnd.docker.distribution.manifest.v1+json'],
    [
      'signed schema 1',
      { ...image, mediaType: undefined },
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
    ],
    ['the withdrawn artifact manifest', { schemaVersion: 2 }, 'application/vnd.oci.artifact.manifest.v1+json'],
  ])('is refused: %s', (_, body, contentType) => {
    expect(refusal(bytesOf(body), contentType)).toMatchObject({ code: 'MANIFEST_INVALID', status: 400 });
  });
});

describe('accepted', () => {
  test.each([
    ['an image without layers', { ...image, layers: [] }],
    ['an image that says null of its layers, as Go does', { ...image, layers: null }],
    ['an image that says nothing of its layers', { ...image, layers: undefined }],
    ['an index without manifests', { ...index, manifests: [] }],
    ['an index that says null of its manifests', { ...index, manifests: null }],
    ['null where a member may be missing', { ...image, subject: null, annotations: null, manifests: null }],
    ['the empty config', { ...image, config: { mediaType: EMPTY, digest: digestOf('{}'), size: 2, data: 'e30=' } }],
    ['an empty blob', { ...image, layers: [descriptor(LAYER, '')] }],
    ['the largest safe size', { ...image, layers: [{ ...layer, size: Number.MAX_SAFE_INTEGER }] }],
    ['a nested index', { ...index, manifests: [descriptor(INDEX), descriptor(DOCKER_LIST)] }],
    ['sha512 beside sha256', { ...image, layers: [layer, { ...layer, digest: digestOf('x', 'sha512') }] }],
    ['the same child twice', { ...index, manifests: [child, child] }],
    ['unknown members at every level', { ...image, x: { Y: 1, y: [[2]] }, layers: [{ ...layer, x: { X: {}, x: 0 } }] }],
    ['unknown types of config and layers', { ...image, config: descriptor('a/b'), layers: [descriptor('any thing')] }],
    [
      'a platform',
      { ...index, manifests: [{ ...child, platform: { os: 'linux', architecture: 'arm', variant: 'v7' } }] },
    ],
    ['a member called constructor', { ...image, constructor: { layers: 1 }, toString: 'x' }],
  ])('%s', (_, body) => {
    expect(parse(body).kind).toBe(body.mediaType === INDEX ? 'index' : 'image');
  });

  test('a manifest of exactly 4 MiB', () => {
    const padding = MAX_MANIFEST_BYTES - bytesOf(image).length;
    expect(parseManifest(Buffer.concat([bytesOf(image), Buffer.alloc(padding, ' ')])).kind).toBe('image');
  });

  test('exactly 10,000 descriptors', () => {
    expect(parse({ ...image, subject: child, layers: Array(9_998).fill(layer) }).blobs).toHaveLength(9_999);
    expect(parse({ ...index, manifests: Array(10_000).fill(child) }).children).toHaveLength(10_000);
  });
});

describe('refused', () => {
  test.each([
    ['nothing', ''],
    ['no JSON', 'hello'],
    ['cut JSON', JSON.stringify(image).slice(0, -1)],
    ['trailing data', `${JSON.stringify(image)}{}`],
    ['a trailing NUL', `${JSON.stringify(image)}\0`],
    ['a byte order mark', `\uFEFF${JSON.stringify(image)}`],
    ['an array', '[]'],
    ['null', 'null'],
    ['text', '"manifest"'],
    ['an empty object', '{}'],
    ['no schemaVersion', { ...image, schemaVersion: undefined }],
    ['schemaVersion 1', { ...image, schemaVersion: 1 }],
    ['schemaVersion as text', { ...image, schemaVersion: '2' }],
    ['an image with manifests', { ...image, manifests: [] }],
    ['an image with the layers of schema 1', { ...image, fsLayers: [] }],
    ['an index with a config', { ...index, config }],
    ['an index with layers', { ...index, layers: [] }],
    ['an untyped manifest that could be both', { ...image, mediaType: undefined, manifests: [] }],
    ['an image without a config', { ...image, config: undefined }],
    ['a config that is null', { ...image, config: null }],
    ['a config that is an array', { ...image, config: [config] }],
    ['an index without a list', { ...index, manifests: undefined }],
    ['layers that are an object', { ...image, layers: {} }],
    ['a layer that is null', { ...image, layers: [null] }],
    ['a layer that is text', { ...image, layers: ['sha256:'] }],
    ['a subject that is text', { ...image, subject: child.digest }],
    ['a descriptor without a type', { ...image, layers: [{ ...layer, mediaType: undefined }] }],
    ['a descriptor with an empty type', { ...image, layers: [{ ...layer, mediaType: '' }] }],
    ['a descriptor without a digest', { ...image, layers: [{ ...layer, digest: undefined }] }],
    ['a descriptor without a size', { ...image, layers: [{ ...layer, size: undefined }] }],
    ['a negative size', { ...image, layers: [{ ...layer, size: -1 }] }],
    ['a broken size', { ...image, layers: [{ ...layer, size: 1.5 }] }],
    ['a size as text', { ...image, layers: [{ ...layer, size: '1' }] }],
    ['a size that no double holds', JSON.stringify(image).replace(/"size":\d+/, '"size":9007199254740993')],
    ['an endless size', JSON.stringify(image).replace(/"size":\d+/, '"size":1e999')],
    ['data that is not text', { ...image, config: { ...config, data: 1 } }],
    ['urls that are text', { ...image, layers: [{ ...layer, urls: 'https://example.com' }] }],
    ['a file URL', { ...image, layers: [{ ...layer, urls: ['https://example.com', 'file:///etc/passwd'] }] }],
    ['a script URL', { ...image, config: { ...config, urls: ['javascript:alert(1)'] } }],
    ['a URL that is a number', { ...image, subject: { ...child, urls: [1] } }],
    ['an artifact type that is not text', { ...image, artifactType: {} }],
    ['a descriptor’s artifact type that is not text', { ...index, manifests: [{ ...child, artifactType: 1 }] }],
    ['annotations that are a list', { ...image, annotations: [] }],
    ['an annotation that is not text', { ...image, annotations: { a: 1 } }],
    ['a descriptor’s annotation that is not text', { ...index, manifests: [{ ...child, annotations: { a: null } }] }],
    ['10,001 layers', { ...image, layers: Array(10_001).fill(layer) }],
    ['10,000 layers beside a config', { ...image, layers: Array(10_000).fill(layer) }],
    ['10,000 children beside a subject', { ...index, subject: child, manifests: Array(10_000).fill(child) }],
    ['a million children of nothing', { ...index, manifests: Array(1_000_000).fill(0) }],
  ])('%s', (_, body) => {
    expect(refusal(bytesOf(body))).toMatchObject({ code: 'MANIFEST_INVALID', status: 400 });
  });

  test.each([
    ['of an unknown algorithm', `blake3:${'a'.repeat(64)}`],
    ['in upper case', config.digest.toUpperCase()],
    ['too short', config.digest.slice(0, -1)],
    ['with a path in it', 'sha256:../../../etc/passwd'],
    ['without an algorithm', 'a'.repeat(64)],
  ])('a digest %s', (_, digest) => {
    const wrong = { ...layer, digest };
    for (const body of [
      { ...image, config: wrong },
      { ...image, layers: [layer, wrong] },
      { ...index, manifests: [wrong] },
      { ...index, subject: wrong },
    ]) {
      expect(refusal(bytesOf(body))).toMatchObject({ code: 'DIGEST_INVALID', status: 400 });
    }
  });

  test('one byte more than 4 MiB, with 413', () => {
    expect(refusal(Buffer.alloc(MAX_MANIFEST_BYTES + 1, ' '))).toMatchObject({ code: 'MANIFEST_INVALID', status: 413 });
  });

  test('bytes that are not UTF-8', () => {
    const bytes = bytesOf({ ...image, x: 'hello' });
    bytes[bytes.indexOf('hello')] = 0xff;
    expect(refusal(bytes)).toMatchObject({ code: 'MANIFEST_INVALID', message: 'the manifest is not valid UTF-8' });
  });

  test('with the place of the fault in the message', () => {
    expect(refusal(bytesOf({ ...image, layers: [layer, { ...layer, size: -1 }] })).message).toBe(
      "the manifest's layers[1].size must be a number of bytes",
    );
  });
});

describe('whatever is pushed', () => {
  const text = fc.string({ unit: 'grapheme' });
  const annotations = fc.dictionary(
    text.filter((key) => key !== '__proto__'),
    text,
  );
  const mediaTypes = fc.constantFrom(LAYER, CONFIG, IMAGE, INDEX, EMPTY, 'application/vnd.cncf.helm.config.v1+json');
  const anyDescriptor = fc.record(
    {
      mediaType: mediaTypes,
      digest: fc
        .tuple(text, fc.constantFrom('sha256', 'sha512'))
        .map(([content, algorithm]) => digestOf(content, algorithm)),
      size: fc.maxSafeNat(),
      annotations,
      artifactType: fc.constantFrom('a/b', 'application/spdx+json'),
    },
    { requiredKeys: ['mediaType', 'digest', 'size'] },
  );
  const more = { mediaType: fc.constant(undefined), subject: anyDescriptor, annotations, 'x-more': fc.jsonValue() };
  const anyImage = fc.record(
    { schemaVersion: fc.constant(2), config: anyDescriptor, layers: fc.array(anyDescriptor), ...more },
    { requiredKeys: ['schemaVersion', 'config', 'layers'] },
  );
  const anyIndex = fc.record(
    { schemaVersion: fc.constant(2), manifests: fc.array(anyDescriptor), ...more },
    { requiredKeys: ['schemaVersion', 'manifests'] },
  );

  test('every descriptor of an image comes back as it was', () => {
    fc.assert(
      fc.property(anyImage.filter(hasNoProto), fc.constantFrom(undefined, 2), (body, indent) => {
        const parsed = parse(JSON.stringify(body, null, indent), IMAGE);
        expect(parsed.blobs).toEqual([body.config, ...body.layers]);
        expect(parsed.subject).toEqual(body.subject);
        expect(parsed.annotations).toEqual(body.annotations);
      }),
    );
  });

  test('every descriptor of an index is a blob or a child', () => {
    fc.assert(
      fc.property(anyIndex.filter(hasNoProto), (body) => {
        const { blobs, children } = parse(body, INDEX);
        expect([...blobs, ...children]).toHaveLength(body.manifests.length);
        expect(body.manifests.filter((entry) => blobs.some((blob) => blob.digest === entry.digest))).toEqual(
          expect.arrayContaining([...blobs]),
        );
        expect(children.every((entry) => [IMAGE, INDEX].includes(entry.mediaType))).toBe(true);
      }),
    );
  });

  test('damage to its bytes is refused as such or changes nothing that matters', () => {
    const damage = fc.array(fc.tuple(fc.nat(4_000), fc.constantFrom(...'{}[]",:\\u0019-.e \0\uFEFFnLl')), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.oneof(anyImage, anyIndex), damage, fc.boolean(), (body, hits, replace) => {
        let damaged = JSON.stringify(body);
        for (const [at, what] of hits) {
          const place = at % damaged.length;
          damaged = damaged.slice(0, place) + what + damaged.slice(place + (replace ? 1 : 0));
        }
        expectVerdict(Buffer.from(damaged));
      }),
      { numRuns: 2_000 },
    );
  });

  test('random bytes and any JSON in any member are refused or parsed, and nothing else', () => {
    const members = fc.constantFrom(
      'schemaVersion',
      'mediaType',
      'config',
      'layers',
      'manifests',
      'subject',
      'annotations',
    );
    fc.assert(
      fc.property(fc.oneof(anyImage, anyIndex), members, fc.jsonValue(), (body, member, value) => {
        expectVerdict(bytesOf({ ...body, [member]: value }));
        expectVerdict(bytesOf({ ...body, layers: [{ ...layer, [member]: value }] }));
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => expectVerdict(bytes)));
  });
});

function hasNoProto(body: unknown): boolean {
  return !JSON.stringify(body).includes('__proto__');
}

function expectVerdict(bytes: Uint8Array): void {
  try {
    expect(['image', 'index']).toContain(parseManifest(bytes).kind);
  } catch (cause) {
    if (!(cause instanceof RegistryError)) throw cause;
    expect([400, 413]).toContain(cause.status);
  }
}
