import { text } from 'node:stream/consumers';
import { digestOf, type Digest } from '@atoll/core';
import { describe, expect, test } from '@jest/globals';
import {
  name,
  OCI_INDEX,
  openRegion,
  pushSample,
  sampleImage,
  sampleIndex,
  tag,
  type Sample,
} from './testing/region.js';

const app = name('team/app');

async function* one(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

describe('a registry', () => {
  test('takes an image, an index and an index of indexes, and gives back what it took at any other process', async () => {
    const { registry, restart } = await openRegion();
    const images = ['amd64', 'arm64'].map((seed) => sampleImage(seed));
    const index = sampleIndex(images);
    const nested = sampleIndex([index, ...images]);
    for (const sample of [...images, index]) await pushSample(registry, app, sample);
    await pushSample(registry, app, nested, 'latest');
    const other = await restart();
    const pulled = await other.manifests.get(app, { tag: tag('latest') });
    expect(pulled).toMatchObject({ digest: nested.digest, mediaType: OCI_INDEX, bytes: nested.bytes });
    for (const { digest, bytes, blobs } of images) {
      expect((await other.manifests.get(app, { digest })).bytes).toEqual(bytes);
      for (const blob of blobs) {
        const body = await other.blobs.open(await other.blobs.stat(app, digestOf(blob)));
        expect(await text(body)).toBe(blob.toString());
      }
    }
  });

  test('takes what was uploaded in pieces as part of an image', async () => {
    const { registry, restart } = await openRegion();
    const image = sampleImage('a', { layers: 1 });
    for (const blob of image.blobs) {
      const id = registry.uploads.start(app);
      await registry.uploads.append(app, id, one(blob.subarray(0, 3)));
      const other = await restart();
      await other.uploads.finish(app, id, digestOf(blob), one(blob.subarray(3)));
    }
    const push = { reference: { tag: tag('v1') }, bytes: image.bytes };
    expect(await registry.manifests.put(app, push)).toMatchObject({ digest: image.digest });
  });

  test('takes an index of blobs, as build caches push it', async () => {
    const { registry } = await openRegion();
    const layer = Buffer.from('cache');
    const descriptor = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(layer), size: 5 };
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [descriptor] }));
    const cache: Sample = { bytes, digest: digestOf(bytes), mediaType: OCI_INDEX, blobs: [layer] };
    await pushSample(registry, app, cache, 'buildcache');
    expect(await registry.manifests.head(app, { tag: tag('buildcache') })).toMatchObject({ digest: cache.digest });
  });

  test('takes an artifact about an image that is not there, and lists it for both kinds of digest', async () => {
    const { registry } = await openRegion();
    const image = sampleImage('a');
    const signature = sampleImage('signature', { subject: image, layers: 1, artifactType: 'application/x.signature' });
    const pushed = await pushSample(registry, app, signature);
    expect(pushed).toEqual({ digest: signature.digest, tags: [], subject: image.digest });
    const digest: Digest = digestOf(signature.bytes, 'sha512');
    await registry.manifests.put(app, { reference: { digest }, bytes: signature.bytes });
    const rows = await registry.referrers.list(app, image.digest);
    expect(rows.map((row) => row.digest)).toEqual([signature.digest, digest]);
    expect(await registry.manifests.head(app, { digest })).toMatchObject({ digest });
  });

  test('keeps apart repositories of which one is named like a part of the other', async () => {
    const { registry } = await openRegion();
    const image = sampleImage('a');
    for (const repository of ['a', 'a/i', 'a/m', 'a/i/sha256'])
      await pushSample(registry, name(repository), image, 'v1');
    await registry.manifests.delete(name('a'), image.digest);
    for (const repository of ['a/i', 'a/m', 'a/i/sha256']) {
      expect((await registry.tags.list(name(repository), { limit: 10 })).tags).toEqual(['v1']);
      expect(await registry.manifests.get(name(repository), image)).toMatchObject({ bytes: image.bytes });
    }
    expect((await registry.tags.list(name('a'), { limit: 10 })).tags).toEqual([]);
  });
});
