import { beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { jsonOf, valuesOf, verdict } from '../conformance/answers.js';
import { registryUnderTest } from '../conformance/registry-under-test.js';
import type { Repository } from '../conformance/repository.js';
import { artifactOf, imageOf, OCI_IMAGE, OCI_INDEX, randomBlob, type Manifest } from '../conformance/samples.js';
import { MANIFEST_TYPES } from '../harness/images.js';
import { headerOf, type Answer } from '../harness/wire.js';
import { partOf } from './replay.js';

const registry = registryUnderTest();
const layer = randomBlob(1_000_000);
let repository: Repository;
let image: Manifest;

beforeAll(async () => {
  repository = registry.repository();
  image = imageOf({ layers: [layer] });
  await repository.push(image, '1');
});

function get(rest: string, headers: Record<string, string> = {}): Promise<Answer> {
  return repository.send('GET', rest, { headers });
}

function range(bytes: string): Promise<Answer> {
  return get(`blobs/${layer.digest}`, { Range: `bytes=${bytes}` });
}

test('a lazy puller learns the size from two bytes, reads the end, then many small parts', async () => {
  const first = await range('0-1');
  expect([first.status, headerOf(first, 'Content-Range')]).toEqual([206, 'bytes 0-1/1000000']);
  const head = await repository.send('HEAD', `blobs/${layer.digest}`);
  expect([head.status, headerOf(head, 'Content-Length')]).toEqual([200, '1000000']);
  const footer = await range('-51');
  expect(footer.body.equals(layer.bytes.subarray(-51))).toBe(true);
  const starts = Array.from({ length: 40 }, (_, at) => at * 25_000);
  await Promise.all(
    starts.map(async (start) => {
      const { part, contentRange } = partOf(layer, start, start + 4_096);
      const answer = await range(`${start}-${start + 4_095}`);
      expect([answer.status, headerOf(answer, 'Content-Range')]).toEqual([206, contentRange]);
      expect(answer.body.equals(part)).toBe(true);
    }),
  );
});

test.each([2, 30, 1_000])('a puller of %i parts at once never takes the first for all of them', async (count) => {
  const parts = Array.from({ length: count }, (_, at) => `${at * 900}-${at * 900 + 9}`);
  const answer = await range(parts.join(','));
  expect([200, 400, 206]).toContain(answer.status);
  if (answer.status === 200) expect(answer.body.equals(layer.bytes)).toBe(true);
  if (answer.status === 206) expect(answer.headers['content-type']).toMatch(/^multipart\/byteranges; *boundary=/);
});

test('an indexer finds its artifact by type among the referrers, and reads it by digest', async () => {
  const index = artifactOf('application/vnd.amazon.soci.index.v1+json', { subject: image });
  const other = artifactOf('application/vnd.example.other', { subject: image });
  for (const artifact of [index, other]) await repository.push(artifact);
  const type = encodeURIComponent('application/vnd.amazon.soci.index.v1+json');
  const answer = await get(`referrers/${image.digest}?artifactType=${type}`);
  const { manifests } = z.object({ manifests: z.array(z.looseObject({ digest: z.string() })) }).parse(jsonOf(answer));
  expect(manifests.map(({ digest }) => digest)).toEqual([index.digest]);
  expect(valuesOf(answer, 'OCI-Filters-Applied')).toEqual(['artifactType']);
  expect((await get(`manifests/${index.digest}`)).body.equals(index.bytes)).toBe(true);
});

test('an engine asks for the tag, then the digest, and goes on where a layer broke off', async () => {
  const head = await repository.send('HEAD', 'manifests/1', { headers: { Accept: MANIFEST_TYPES } });
  const digest = headerOf(head, 'Docker-Content-Digest');
  const manifest = await get(`manifests/${digest}`, { Accept: MANIFEST_TYPES });
  expect(headerOf(manifest, 'Content-Length')).toBe(headerOf(head, 'Content-Length'));
  expect(manifest.body.equals(image.bytes)).toBe(true);
  const rest = await range('600000-');
  expect([rest.status, headerOf(rest, 'Content-Range')]).toEqual([206, partOf(layer, 600_000, 1_000_000).contentRange]);
  expect(rest.body.equals(layer.bytes.subarray(600_000))).toBe(true);
});

test('a node whose mirror this is names the other host in each request, and asks blobs for a manifest', async () => {
  const ns = '?ns=docker.io';
  expect((await repository.send('HEAD', `manifests/1${ns}`)).status).toBe(200);
  const accept = { Accept: `${OCI_IMAGE}, ${OCI_INDEX}, */*`, 'Accept-Encoding': 'zstd, gzip, deflate' };
  const manifest = await get(`manifests/${image.digest}${ns}`, { ...accept, Range: 'bytes=0-' });
  expect(manifest.body.equals(image.bytes)).toBe(true);
  expect(verdict(await get(`blobs/${image.digest}${ns}`))).toBe('404 BLOB_UNKNOWN');
  const blob = await get(`blobs/${layer.digest}${ns}`, { ...accept, Range: 'bytes=0-' });
  expect(blob.headers['content-encoding']).toBeUndefined();
  expect(blob.body.equals(layer.bytes)).toBe(true);
  expect((await registry.send('GET', `/v2/library/nothing/manifests/latest${ns}`)).status).toBe(404);
});

test('a cache asks again and again for a tag, and is told that nothing is new', async () => {
  const etag = headerOf(await get('manifests/1'), 'ETag');
  const same = await get('manifests/1', { 'If-None-Match': etag });
  expect([same.status, same.body.length]).toEqual([304, 0]);
  await repository.push(imageOf(), 'moving');
  const old = headerOf(await get('manifests/moving'), 'ETag');
  await repository.push(imageOf(), 'moving');
  expect((await get('manifests/moving', { 'If-None-Match': old })).status).toBe(200);
});
