import { beforeAll, describe, expect, test } from '@jest/globals';
import { verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import type { Repository } from './repository.js';
import {
  artifactOf,
  descriptorOf,
  DOCKER_LIST,
  EMPTY_CONFIG,
  imageOf,
  indexOf,
  LAYER_TYPE,
  OCI_IMAGE,
  randomBlob,
  smallImage,
} from './samples.js';

const registry = registryUnderTest();

let repository: Repository;
const image = imageOf();

beforeAll(async () => {
  repository = await registry.repositoryWith(image);
});

describe('what a manifest names has to be there', () => {
  test.each([
    ['a layer', () => imageOf({ more: { config: EMPTY_CONFIG } })],
    ['a config', () => imageOf({ layers: [] })],
    ['a child', () => indexOf([imageOf()])],
    ['a nested index', () => indexOf([indexOf([])])],
    [
      'a blob named as a child',
      () => indexOf([], { more: { manifests: [{ ...EMPTY_CONFIG, mediaType: OCI_IMAGE }] } }),
    ],
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
      smallImage({ config: { ...EMPTY_CONFIG, size: 3 } }),
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
