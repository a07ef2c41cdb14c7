import { text } from 'node:stream/consumers';
import { digestOf, liveValue } from '@atoll/core';
import { describe, expect, test } from '@jest/globals';
import { RegionReader } from './region-reader.js';
import { name, openRegion, pushSample, sampleImage, tag } from './testing/region.js';

const app = name('team/app');

describe('a region read from outside', () => {
  test('shows names with their states, deleted ones too', async () => {
    const { registry, memory } = await openRegion();
    const reader = new RegionReader(memory);
    const images = ['a', 'b', 'c'].map((seed) => sampleImage(seed));
    for (const [i, image] of images.entries()) await pushSample(registry, app, image, `v${i}`);
    const [gone = '' as never, ...kept] = images.map(({ digest }) => digest);
    await registry.manifests.delete(app, gone);
    expect(await reader.listRepositories({ limit: 10 })).toEqual({ repositories: [app], more: false });
    expect(await reader.listTagNames(app, { limit: 10 })).toEqual({ tags: ['v0', 'v1', 'v2'], more: false });
    const all = [gone, ...kept].sort();
    expect(await reader.listManifestDigests(app, { limit: 2 })).toEqual({ digests: all.slice(0, 2), more: true });
    const rest = await reader.listManifestDigests(app, { after: all[1], limit: 2 });
    expect(rest).toEqual({ digests: all.slice(2), more: false });
    const tagged = await reader.readTag(app, tag('v0'));
    expect(tagged && liveValue(tagged)).toBeUndefined();
    expect(tagged?.siblings).toHaveLength(1);
    expect((await reader.readManifest(app, gone))?.bytes).toBeUndefined();
    expect((await reader.readManifest(app, kept[0] ?? gone))?.bytes).toEqual(images[1]?.bytes);
  });

  test('gives the bytes of a blob to those who know a repository that has it', async () => {
    const { registry, memory } = await openRegion();
    const reader = new RegionReader(memory);
    const image = sampleImage('a');
    await pushSample(registry, app, image);
    const layer = image.blobs[1] ?? Buffer.of();
    const found = await reader.findBlob(app, digestOf(layer));
    expect(found).toMatchObject({ sizeBytes: layer.length });
    if (!found) return;
    const whole = await reader.openBlob(found);
    const part = await reader.openBlob(found, { start: 1, end: 4 });
    expect(whole && (await text(whole))).toBe(layer.toString());
    expect(part && (await text(part))).toBe(layer.toString().slice(1, 4));
    expect(await reader.findBlob(name('team'), digestOf(layer))).toBeUndefined();
    expect(await reader.openBlob({ ...found, dataKey: 'd/gone' })).toBeUndefined();
  });
});
