import { digestOf, parseManifest, type Digest } from '@atoll/core';
import { keys } from '@atoll/storage';
import { describe, expect, test } from '@jest/globals';
import {
  allKeys,
  descriptorOf,
  journaled,
  name,
  OCI_IMAGE,
  OCI_INDEX,
  openRegion,
  pushSample,
  sampleImage,
  sampleIndex,
  tag,
  uploadBlob,
  type TestRegion,
} from './testing/region.js';

const app = name('team/app');

/** What was asked of the store: the operation and the kind of key, in order. */
function asked({ counter }: TestRegion): string[] {
  return counter.log.map(({ op, key }) => `${op} ${/@\w?/.exec(key)?.[0] ?? key.split('/')[0]}`);
}

describe('reading a manifest', () => {
  test('asks the store as little as can be', async () => {
    const region = await openRegion();
    const { registry, counter } = region;
    const image = sampleImage('a');
    await pushSample(registry, app, image, 'v1');
    await registry.intents.idle();
    const stored = { digest: image.digest, mediaType: OCI_IMAGE, sizeBytes: image.bytes.length };
    counter.reset();
    expect(await registry.manifests.get(app, { tag: tag('v1') })).toEqual({ ...stored, bytes: image.bytes });
    expect(asked(region)).toEqual(['get @t', 'get @m']);
    counter.reset();
    expect(await registry.manifests.head(app, { tag: tag('v1') })).toEqual(stored);
    expect(asked(region)).toEqual(['get @t', 'head @m']);
    counter.reset();
    expect(await registry.manifests.get(app, { digest: image.digest })).toEqual({ ...stored, bytes: image.bytes });
    expect(await registry.manifests.head(app, { digest: image.digest })).toEqual(stored);
    expect(asked(region)).toEqual(['get @m', 'get @m']);
  });

  test('that is not there is MANIFEST_UNKNOWN, by digest, by tag, and in another repository', async () => {
    const { registry } = await openRegion();
    const image = sampleImage('a');
    await pushSample(registry, app, image, 'v1');
    const unknown = { code: 'MANIFEST_UNKNOWN', status: 404 };
    for (const read of ['get', 'head'] as const) {
      await expect(registry.manifests[read](app, { digest: digestOf('x') })).rejects.toMatchObject(unknown);
      await expect(registry.manifests[read](app, { tag: tag('x') })).rejects.toMatchObject(unknown);
      const elsewhere = { digest: image.digest };
      await expect(registry.manifests[read](name('team'), elsewhere)).rejects.toMatchObject(unknown);
    }
  });
});

describe('pushing a manifest', () => {
  test.each([0, 1, 5])(
    'of an image with %i layers asks once for each part, and writes five objects',
    async (layers) => {
      const region = await openRegion();
      const { registry, counter } = region;
      const image = sampleImage('a', { layers });
      for (const blob of image.blobs) await uploadBlob(registry, app, blob);
      counter.reset();
      const push = { reference: { tag: tag('v1') }, contentType: image.mediaType, bytes: image.bytes };
      expect(await registry.manifests.put(app, push)).toEqual({ digest: image.digest, tags: ['v1'] });
      await registry.intents.idle();
      const blobs = layers + 1;
      expect(asked(region)).toEqual([
        'put @i',
        ...Array<string>(blobs).fill('get @'),
        ...Array<string>(blobs).fill('get b'),
        'put @m',
        'get @t',
        'put @t',
        'head @m',
        'put jr',
        'delete @i',
      ]);
    },
  );

  test('again is answered as the first time, and stores it again', async () => {
    const region = await openRegion();
    const image = sampleImage('a', { layers: 0 });
    await pushSample(region.registry, app, image);
    await region.registry.intents.idle();
    region.counter.reset();
    const push = { reference: { digest: image.digest }, bytes: image.bytes };
    expect(await region.registry.manifests.put(app, push)).toEqual({ digest: image.digest, tags: [] });
    await region.registry.intents.idle();
    expect(asked(region)).toEqual(['put @i', 'get @', 'get b', 'put @m', 'get @m', 'put @m', 'put jr', 'delete @i']);
  });

  test('by digest sets every tag that is asked for, once', async () => {
    const { registry } = await openRegion();
    const image = sampleImage('a');
    for (const blob of image.blobs) await uploadBlob(registry, app, blob);
    const tags = ['v1', 'v1.2', 'v1'].map(tag);
    const push = { reference: { digest: image.digest }, tags, bytes: image.bytes };
    expect(await registry.manifests.put(app, push)).toEqual({ digest: image.digest, tags: ['v1', 'v1.2'] });
    expect((await registry.tags.list(app, { limit: 10 })).tags).toEqual(['v1', 'v1.2']);
    const withTag = { ...push, reference: { tag: tag('v2') } };
    await expect(registry.manifests.put(app, withTag)).rejects.toMatchObject({ code: 'TAG_INVALID', status: 400 });
  });

  test('by sha512 keeps that digest, also for its tags', async () => {
    const { registry } = await openRegion();
    const image = sampleImage('a');
    for (const blob of image.blobs) await uploadBlob(registry, app, blob);
    const digest = digestOf(image.bytes, 'sha512');
    await registry.manifests.put(app, { reference: { digest }, tags: [tag('v1')], bytes: image.bytes });
    expect(await registry.manifests.head(app, { tag: tag('v1') })).toMatchObject({ digest });
    expect(await registry.manifests.get(app, { digest })).toMatchObject({ bytes: image.bytes });
    const other = { digest: image.digest };
    await expect(registry.manifests.get(app, other)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  });

  test('with a digest that is not its own is refused before anything is written', async () => {
    const { registry, counter } = await openRegion();
    const image = sampleImage('a');
    const push = { reference: { digest: digestOf('other') }, bytes: image.bytes };
    await expect(registry.manifests.put(app, push)).rejects.toMatchObject({ code: 'DIGEST_INVALID', status: 400 });
    expect(counter.calls()).toEqual({});
  });

  test('names every part that is missing, blobs and children alike, and leaves nothing', async () => {
    const { registry, memory } = await openRegion();
    const image = sampleImage('a');
    const there = await uploadBlob(registry, app, image.blobs[1] ?? Buffer.of());
    const before = await allKeys({ memory });
    const error: unknown = await pushOnly(registry, image).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'MANIFEST_BLOB_UNKNOWN', status: 400 });
    const { entries } = error as { entries: { code: string; detail: { digest: Digest } }[] };
    const absent = image.blobs.map((blob) => digestOf(blob)).filter((digest) => digest !== there);
    expect(entries.map(({ code, detail }) => [code, detail.digest])).toEqual(
      absent.map((digest) => ['MANIFEST_BLOB_UNKNOWN', digest]),
    );
    const index = sampleIndex([image]);
    await expect(pushOnly(registry, index)).rejects.toMatchObject({ more: { detail: { digest: image.digest } } });
    await registry.intents.idle();
    expect(await allKeys({ memory })).toEqual(before);
  });

  test('does not take blobs and manifests of another repository for its own', async () => {
    const { registry } = await openRegion();
    const image = sampleImage('a');
    await pushSample(registry, name('other'), image);
    await expect(pushOnly(registry, image)).rejects.toMatchObject({ code: 'MANIFEST_BLOB_UNKNOWN' });
    await expect(pushOnly(registry, sampleIndex([image]))).rejects.toMatchObject({ code: 'MANIFEST_BLOB_UNKNOWN' });
  });

  test('whose descriptor tells a wrong size is refused, for a blob and for a child', async () => {
    const { registry } = await openRegion();
    const image = sampleImage('a', { layers: 0 });
    await pushSample(registry, app, image);
    const wrong = (part: object) => ({ ...part, size: 1 });
    const config = wrong(descriptorOf(image.blobs[0] ?? Buffer.of(), 'application/vnd.oci.image.config.v1+json'));
    const child = wrong(descriptorOf(image.bytes, OCI_IMAGE));
    for (const body of [
      { schemaVersion: 2, mediaType: OCI_IMAGE, config, layers: [] },
      { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] },
    ]) {
      const push = { reference: { tag: tag('x') }, bytes: Buffer.from(JSON.stringify(body)) };
      await expect(registry.manifests.put(app, push)).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
    }
  });

  test('with another type than it is stored with is refused, and leaves no intent', async () => {
    const { registry, memory } = await openRegion();
    const image = sampleImage('a', { layers: 0 });
    await uploadBlob(registry, app, image.blobs[0] ?? Buffer.of());
    const body: unknown = JSON.parse(image.bytes.toString());
    const bytes = Buffer.from(JSON.stringify({ ...(body as object), mediaType: undefined }));
    const push = { reference: { tag: tag('v1') }, bytes };
    await registry.manifests.put(app, { ...push, contentType: OCI_IMAGE });
    const docker = 'application/vnd.docker.distribution.manifest.v2+json';
    await expect(registry.manifests.put(app, { ...push, contentType: docker })).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
    });
    await registry.intents.idle();
    expect((await allKeys({ memory })).filter((key) => key.includes('@i'))).toEqual([]);
    expect(await registry.manifests.head(app, { tag: tag('v1') })).toMatchObject({ mediaType: OCI_IMAGE });
  });

  test('goes on to the end when the client leaves after the first write', async () => {
    const { registry, faults, memory } = await openRegion();
    const image = sampleImage('a');
    for (const blob of image.blobs) await uploadBlob(registry, app, blob);
    const leave = new AbortController();
    faults.push({
      key: (key) => {
        if (key === keys.manifest(app, image.digest)) leave.abort();
        return false;
      },
      when: 'before',
    });
    const push = { reference: { tag: tag('v1') }, bytes: image.bytes };
    await registry.manifests.put(app, push, { signal: leave.signal });
    await registry.intents.idle();
    expect((await allKeys({ memory })).filter((key) => key.includes('@i'))).toEqual([]);
    expect(await registry.manifests.head(app, { tag: tag('v1') })).toMatchObject({ digest: image.digest });
  });
});

describe('deleting a manifest', () => {
  test('takes the tags that name it, and only those, and journals each', async () => {
    const region = await openRegion();
    const { registry, counter } = region;
    const [old, kept] = [sampleImage('old'), sampleImage('kept')];
    for (const one of ['a', 'b']) await pushSample(registry, app, old, one);
    for (const one of ['b', 'c']) await pushSample(registry, app, kept, one);
    await registry.intents.idle();
    counter.reset();
    await registry.manifests.delete(app, old.digest, { requestId: 'r1' });
    await registry.intents.idle();
    expect(asked(region)).toEqual([
      'head @m',
      'put @i',
      'get @m',
      'put @m',
      'list @t',
      // The length of the others tells that they name something else.
      'get @t',
      'put @i',
      'head @m',
      'get @t',
      'put @t',
      'put jr',
      'delete @i',
    ]);
    expect((await registry.tags.list(app, { limit: 10 })).tags).toEqual(['b', 'c']);
    for (const gone of [{ digest: old.digest }, { tag: tag('a') }]) {
      await expect(registry.manifests.get(app, gone)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    }
    expect(await registry.manifests.get(app, { tag: tag('b') })).toMatchObject({ digest: kept.digest });
    const changes = [
      { kind: 'manifest', digest: old.digest },
      { kind: 'tag', tag: 'a' },
    ];
    const entry = expect.objectContaining({ repository: app, changes, requestId: 'r1' }) as unknown;
    expect(await journaled(region)).toContainEqual(entry);
  });

  test('a second time, or before it was pushed, is MANIFEST_UNKNOWN', async () => {
    const { registry } = await openRegion();
    const image = sampleImage('a');
    await pushSample(registry, app, image, 'v1');
    await registry.manifests.delete(app, image.digest);
    for (const digest of [image.digest, digestOf('never')]) {
      await expect(registry.manifests.delete(app, digest)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    }
  });

  test('leaves its blobs, so that a push after it needs no upload', async () => {
    const { registry } = await openRegion();
    const image = sampleImage('a');
    await pushSample(registry, app, image, 'v1');
    await registry.manifests.delete(app, image.digest);
    await pushOnly(registry, image);
    expect(await registry.manifests.get(app, { digest: image.digest })).toMatchObject({ bytes: image.bytes });
  });

  test('frees its blobs: while it was live they could not be deleted', async () => {
    const { registry } = await openRegion();
    const image = sampleImage('a');
    await pushSample(registry, app, image, 'v1');
    const [layer] = parseManifest(image.bytes).blobs;
    const digest = layer?.digest ?? digestOf('');
    await expect(registry.blobs.delete(app, digest)).rejects.toMatchObject({ code: 'UNSUPPORTED', status: 405 });
    await registry.manifests.delete(app, image.digest);
    await registry.blobs.delete(app, digest);
    expect(await registry.blobs.find(app, digest)).toBeUndefined();
  });
});

function pushOnly(registry: TestRegion['registry'], { bytes, digest, mediaType }: ReturnType<typeof sampleImage>) {
  return registry.manifests.put(app, { reference: { digest }, contentType: mediaType, bytes });
}
