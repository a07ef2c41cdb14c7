import { expect, test } from '@jest/globals';
import { valuesOf, verdict } from '../conformance/answers.js';
import { registryUnderTest } from '../conformance/registry-under-test.js';
import type { Repository } from '../conformance/repository.js';
import {
  contentOf,
  descriptorOf,
  DOCKER_IMAGE,
  imageOf,
  indexOf,
  manifestOf,
  OCI_IMAGE,
  OCI_INDEX,
  randomBlob,
  type Manifest,
} from '../conformance/samples.js';
import type { Content } from '../harness/images.js';
import { withDigest } from '../harness/push.js';
import { headerOf } from '../harness/wire.js';
import { linesOf, locationOf, OCTETS, sendChunked } from './replay.js';

const registry = registryUnderTest();

async function open(repository: Repository, query = ''): Promise<string> {
  const answer = await repository.send('POST', `blobs/uploads/${query}`);
  expect(answer.status).toBe(202);
  expect(valuesOf(answer, 'Location')).toHaveLength(1);
  return locationOf(answer);
}

/** One PUT with everything. */
async function putBlob(repository: Repository, blob: Content, query = ''): Promise<void> {
  const location = await open(repository, query);
  const whole = { headers: OCTETS, body: blob.bytes };
  expect((await registry.send('PUT', withDigest(location, blob.digest), whole)).status).toBe(201);
}

test('a builder that asks for permission opens an upload, cancels it, and uploads in one PATCH of known length', async () => {
  const repository = registry.repository();
  const image = imageOf();
  expect((await registry.send('GET', '/v2/')).status).toBe(200);
  const probe = await repository.send('POST', 'blobs/uploads/', { headers: { 'Content-Type': 'application/json' } });
  expect(probe.status).toBe(202);
  expect((await registry.send('DELETE', locationOf(probe))).status).toBe(204);
  expect(verdict(await repository.send('GET', `manifests/${image.digest}`))).toBe('404 MANIFEST_UNKNOWN');
  for (const blob of image.blobs) {
    expect((await repository.send('HEAD', `blobs/${blob.digest}`)).status).toBe(404);
    const from = `?from=${repository.name}-base&mount=${blob.digest}&origin=registry.example`;
    const patched = await registry.send('PATCH', await open(repository, from), { headers: OCTETS, body: blob.bytes });
    expect(patched.status).toBe(202);
    const put = await registry.send('PUT', withDigest(locationOf(patched), blob.digest));
    expect(put.status).toBe(201);
  }
  expect((await repository.put('1', image)).status).toBe(201);
  expect((await repository.send('GET', 'manifests/1')).headers['content-type']).toBe(OCI_IMAGE);
});

test('a client that streams everything sends blobs and the manifest without a length', async () => {
  const [base, repository] = [registry.repository(), registry.repository()];
  const [mounted, built] = [randomBlob(5000), randomBlob(70_000)];
  await base.pushBlobs(mounted);
  const image = imageOf({ layers: [mounted, built] });
  const mount = await repository.send('POST', `blobs/uploads/?mount=${mounted.digest}&from=${base.name}`);
  expect(mount.status).toBe(201);
  expect(locationOf(mount)).toBe(repository.path(`blobs/${mounted.digest}`));
  for (const blob of image.blobs.filter(({ digest }) => digest !== mounted.digest)) {
    expect(verdict(await repository.send('GET', `blobs/${blob.digest}`))).toBe('404 BLOB_UNKNOWN');
    const patched = await sendChunked(registry, 'PATCH', await open(repository), blob.bytes);
    expect([patched.status, linesOf(patched, 'Range')]).toEqual([202, [`0-${blob.bytes.length - 1}`]]);
    const [location = '', ...others] = linesOf(patched, 'Location');
    expect(others).toEqual([]);
    expect((await registry.send('PUT', withDigest(location, blob.digest), { headers: OCTETS })).status).toBe(201);
  }
  const target = repository.path('manifests/1');
  const put = await sendChunked(registry, 'PUT', target, image.bytes, OCI_IMAGE);
  expect([put.status, linesOf(put, 'Docker-Content-Digest')]).toEqual([201, [image.digest]]);
});

test('an engine tries to mount from several repositories, streams one PATCH, and looks whether the blob came', async () => {
  const repository = registry.repository();
  const layer = randomBlob(70_000);
  const config = contentOf('{"os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
  for (const blob of [layer, config]) {
    expect((await repository.send('HEAD', `blobs/${blob.digest}`)).status).toBe(404);
    for (const candidate of ['library/one', 'library/two', 'library/three'])
      await open(repository, `?from=${encodeURIComponent(candidate)}&mount=${blob.digest}`);
    const patched = await sendChunked(registry, 'PATCH', await open(repository), blob.bytes);
    const put = await registry.send('PUT', withDigest(linesOf(patched, 'Location')[0] ?? '', blob.digest));
    expect(put.status).toBe(201);
    const there = await repository.send('HEAD', `blobs/${blob.digest}`);
    expect([there.status, headerOf(there, 'Content-Length')]).toEqual([200, String(blob.bytes.length)]);
  }
  const body = {
    schemaVersion: 2,
    mediaType: DOCKER_IMAGE,
    config: descriptorOf(config, 'application/vnd.docker.container.image.v1+json'),
    layers: [descriptorOf(layer, 'application/vnd.docker.image.rootfs.diff.tar.gzip')],
  };
  const image = manifestOf(body, { mediaType: DOCKER_IMAGE });
  const put = await repository.put('latest', image);
  expect([put.status, headerOf(put, 'Docker-Content-Digest')]).toEqual([201, image.digest]);
});

test('a copier that may not mount cancels the session it got, and sends one PATCH and an empty PUT', async () => {
  const repository = registry.repository();
  const blob = randomBlob(9000);
  expect((await registry.send('HEAD', `/v2/library/elsewhere/blobs/${blob.digest}`)).status).toBe(404);
  const session = await open(repository, `?from=library%2Felsewhere&mount=${encodeURIComponent(blob.digest)}`);
  expect((await registry.send('DELETE', session)).status).toBe(204);
  expect(verdict(await registry.send('GET', session))).toBe('404 BLOB_UPLOAD_UNKNOWN');
  const patched = await registry.send('PATCH', await open(repository), { headers: OCTETS, body: blob.bytes });
  expect((await registry.send('PUT', withDigest(locationOf(patched), blob.digest))).status).toBe(201);
});

const CACHE_CONFIG = 'application/vnd.buildkit.cacheconfig.v0';
const GZIP_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

test('a build cache may be an index whose children are layers and a configuration', async () => {
  const repository = registry.repository();
  const layers = [randomBlob(3000), randomBlob(4000)];
  const config = contentOf(`{"layers":[{"blob":"${layers[0]?.digest}","parent":-1}],"records":[]}`);
  for (const blob of [...layers, config]) await putBlob(repository, blob);
  const manifests = [...layers.map((one) => descriptorOf(one, GZIP_LAYER)), descriptorOf(config, CACHE_CONFIG)];
  const body = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  const cache = manifestOf(body, { mediaType: OCI_INDEX });
  expect((await repository.put('cache', cache)).status).toBe(201);
  const pulled = await repository.send('GET', 'manifests/cache', { headers: { Accept: `${OCI_INDEX}, */*` } });
  expect(pulled.body.equals(cache.bytes)).toBe(true);
  for (const blob of layers) expect((await repository.send('GET', `blobs/${blob.digest}`)).status).toBe(200);
});

test('a build cache as an index is refused while one of its layers is missing, and names it', async () => {
  const repository = registry.repository();
  const [there, missing] = [randomBlob(), randomBlob()];
  await repository.pushBlobs(there);
  const manifests = [there, missing].map((one) => descriptorOf(one, GZIP_LAYER));
  const body = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  const refused = await repository.put('cache', manifestOf(body, { mediaType: OCI_INDEX }));
  expect(verdict(refused)).toBe('400 MANIFEST_BLOB_UNKNOWN');
  expect(refused.body.toString()).toContain(missing.digest);
  expect(refused.body.toString()).not.toContain(there.digest);
});

test('a builder pushes children and attestations before their index, each seen at once', async () => {
  const repository = registry.repository();
  const image = imageOf({ layerType: GZIP_LAYER });
  const statement = contentOf('{"_type":"https://in-toto.io/Statement/v0.1"}');
  const attestation = imageOf({ layers: [statement], layerType: 'application/vnd.in-toto+json', subject: image });
  for (const child of [image, attestation]) await pushByDigest(repository, child);
  const marks = { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': image.digest };
  const nowhere = { platform: { os: 'unknown', architecture: 'unknown' }, annotations: marks };
  const manifests = [
    descriptorOf(image, OCI_IMAGE, { platform: { os: 'linux', architecture: 'amd64' } }),
    descriptorOf(attestation, OCI_IMAGE, nowhere),
  ];
  expect((await repository.put('1', indexOf([], { more: { manifests } }))).status).toBe(201);
  const referrers = await repository.send('GET', `referrers/${image.digest}`);
  expect(referrers.body.toString()).toContain(attestation.digest);
});

/** As containerd's pusher does: a mount without a source first, one PUT, a blob of no bytes without a length. */
async function pushByDigest(repository: Repository, manifest: Manifest): Promise<void> {
  expect((await repository.send('HEAD', `manifests/${manifest.digest}`)).status).toBe(404);
  for (const blob of [...manifest.blobs, contentOf('')]) {
    if ((await repository.send('HEAD', `blobs/${blob.digest}`)).status === 200) continue;
    const location = withDigest(await open(repository, `?mount=${blob.digest}&from=library%2Fnone`), blob.digest);
    const put =
      blob.bytes.length === 0
        ? await sendChunked(registry, 'PUT', location, blob.bytes)
        : await registry.send('PUT', location, { headers: OCTETS, body: blob.bytes });
    expect(put.status).toBe(201);
  }
  expect((await repository.put(manifest.digest, manifest)).status).toBe(201);
  const there = await repository.send('HEAD', `manifests/${manifest.digest}`);
  expect([there.status, headerOf(there, 'Docker-Content-Digest')]).toEqual([200, manifest.digest]);
}

test('a client whose whole PUT failed goes on in chunks in the same session, and is told where it stands', async () => {
  const repository = registry.repository();
  const blob = randomBlob(30_000);
  const location = withDigest(await open(repository, `?mount=${blob.digest}`), blob.digest);
  const first = await chunk(location, blob, 0, 10_000);
  expect([first.status, headerOf(first, 'Range')]).toEqual([202, '0-9999']);
  const again = await chunk(location, blob, 0, 10_000);
  expect([again.status, headerOf(again, 'Range')]).toEqual([416, '0-9999']);
  const rest = await chunk(locationOf(again), blob, 10_000, 30_000);
  expect(rest.status).toBe(202);
  expect((await registry.send('PUT', withDigest(locationOf(rest), blob.digest))).status).toBe(201);
  expect((await repository.send('GET', `blobs/${blob.digest}`)).body.equals(blob.bytes)).toBe(true);
});

function chunk(location: string, { bytes }: Content, start: number, end: number): ReturnType<typeof registry.send> {
  const headers = { ...OCTETS, 'Content-Range': `${start}-${end - 1}` };
  return registry.send('PATCH', location, { headers, body: bytes.subarray(start, end) });
}

test('an artifact client asks for referrers of nobody, and mounts or goes on in the session it gets', async () => {
  const repository = registry.repository();
  const ping = await repository.send('GET', `referrers/sha256:${'0'.repeat(64)}`);
  expect([ping.status, headerOf(ping, 'Content-Type')]).toEqual([200, OCI_INDEX]);
  const blob = randomBlob();
  const session = await open(repository, `?mount=${blob.digest}&from=library/none`);
  const whole = { headers: { ...OCTETS, 'Content-Length': blob.bytes.length }, body: blob.bytes };
  expect((await registry.send('PUT', withDigest(session, blob.digest), whole)).status).toBe(201);
});
