import { beforeAll, describe, expect, test } from '@jest/globals';
import { verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import type { Repository } from './repository.js';
import {
  descriptorOf,
  DOCKER_IMAGE,
  DOCKER_LIST,
  EMPTY_BLOB,
  imageOf,
  indexOf,
  manifestOf,
  OCI_IMAGE,
  OCI_INDEX,
  randomDigest,
  type Manifest,
} from './samples.js';

const registry = registryUnderTest();

let repository: Repository;

beforeAll(async () => {
  repository = registry.repository();
  await repository.pushBlobs(EMPTY_BLOB);
});

function imageWith(mediaType: string, configType: string, layerType?: string): Manifest {
  const layers = layerType === undefined ? [] : [descriptorOf(EMPTY_BLOB, layerType)];
  const body = { schemaVersion: 2, mediaType, config: descriptorOf(EMPTY_BLOB, configType), layers, x: randomDigest() };
  return manifestOf(body, { mediaType });
}

async function expectKept(manifest: Manifest): Promise<void> {
  expect((await repository.put(manifest.digest, manifest)).status).toBe(201);
  const { headers, body } = await repository.send('GET', `manifests/${manifest.digest}`);
  expect([headers['content-type'], body.equals(manifest.bytes)]).toEqual([manifest.mediaType, true]);
}

describe('what is taken and given back unchanged', () => {
  test.each([OCI_IMAGE, DOCKER_IMAGE])('an image of type %s', (type) =>
    expectKept(imageWith(type, 'application/vnd.oci.image.config.v1+json')),
  );

  test.each([OCI_INDEX, DOCKER_LIST])('an index of type %s', (type) =>
    expectKept({ ...indexOf([], { more: { mediaType: type } }), mediaType: type }),
  );

  test.each([
    'application/vnd.oci.image.config.v1+json',
    'application/vnd.docker.container.image.v1+json',
    'application/vnd.docker.plugin.v1+json',
    'application/vnd.oci.empty.v1+json',
    'application/vnd.cncf.helm.config.v1+json',
    'application/vnd.buildkit.cacheconfig.v0',
    'application/vnd.unknown.config',
  ])('a config of type %s, which is not read', (type) => expectKept(imageWith(OCI_IMAGE, type)));

  test.each([
    'application/vnd.oci.image.layer.v1.tar',
    'application/vnd.oci.image.layer.v1.tar+gzip',
    'application/vnd.oci.image.layer.v1.tar+zstd',
    'application/vnd.docker.image.rootfs.diff.tar',
    'application/vnd.docker.image.rootfs.diff.tar.gzip',
    'application/vnd.docker.image.rootfs.diff.tar.zstd',
    'application/vnd.in-toto+json',
    'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
    'application/vnd.cncf.helm.chart.provenance.v1.prov',
    'text/x-anything',
  ])('a layer of type %s', (type) => expectKept(imageWith(OCI_IMAGE, 'application/vnd.oci.empty.v1+json', type)));

  test('what BuildKit makes: an index with attestations beside the images', async () => {
    const image = imageOf();
    const attestation = imageWith(
      OCI_IMAGE,
      'application/vnd.oci.image.config.v1+json',
      'application/vnd.in-toto+json',
    );
    await repository.push(image);
    await repository.put(attestation.digest, attestation);
    const manifests = [
      descriptorOf(image, OCI_IMAGE, { platform: { architecture: 'amd64', os: 'linux' } }),
      descriptorOf(attestation, OCI_IMAGE, {
        platform: { architecture: 'unknown', os: 'unknown' },
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': image.digest,
        },
      }),
    ];
    await expectKept(indexOf([], { more: { manifests } }));
  });
});

describe('what no client reads any more', () => {
  test.each([
    'application/vnd.docker.distribution.manifest.v1+json',
    'application/vnd.docker.distribution.manifest.v1+prettyjws',
    'application/vnd.oci.artifact.manifest.v1+json',
  ])('%s is 400 MANIFEST_INVALID, in the header or in the body', async (type) => {
    const named = manifestOf(
      { schemaVersion: 2, mediaType: type, name: 'a', tag: 'b', fsLayers: [], blobs: [] },
      { mediaType: type },
    );
    for (const headers of [{}, { 'Content-Type': 'application/json' }]) {
      expect(verdict(await repository.put('old', named, headers))).toBe('400 MANIFEST_INVALID');
    }
    expect((await repository.send('HEAD', 'manifests/old')).status).toBe(404);
  });
});
