import { digestOf, type Digest } from '@atoll/core';
import { describe, expect, test } from '@jest/globals';
import { References } from './references.js';
import { name, openRegion, pushSample, sampleImage } from './testing/region.js';

const app = name('team/app');

async function openReferences() {
  const region = await openRegion();
  const references = () => new References(region.counter.store, region.registry.intents);
  return { ...region, references: references(), anew: references };
}

describe('the references of a repository', () => {
  test('are found in live manifests, and each manifest is read once', async () => {
    const { registry, counter, references } = await openReferences();
    const images = Array.from({ length: 40 }, (_, i) => sampleImage(`${i}`, { layers: 1 }));
    for (const image of images) await pushSample(registry, app, image);
    await registry.intents.idle();
    counter.reset();
    expect(await references.manifestsNaming(app, digestOf('nobody'))).toBe(false);
    expect(counter.calls()).toEqual({ list: 1, get: 40 });
    counter.reset();
    for (const { blobs } of images) {
      expect(await references.manifestsNaming(app, digestOf(blobs[1] ?? ''))).toBe(true);
    }
    expect(counter.calls()).toEqual({ list: 40 });
  });

  test('end with the manifest, and are not those of another repository', async () => {
    const { registry, anew } = await openReferences();
    const image = sampleImage('a');
    const layer = digestOf(image.blobs[1] ?? '');
    await pushSample(registry, app, image);
    expect(await anew().manifestsNaming(app, layer)).toBe(true);
    expect(await anew().manifestsNaming(name('team'), layer)).toBe(false);
    await registry.manifests.delete(app, image.digest);
    expect(await anew().manifestsNaming(app, layer)).toBe(false);
  });

  test('are found in pushes that are under way', async () => {
    const { registry, references } = await openReferences();
    const [blob, child] = [digestOf('blob'), digestOf('child')];
    const ask = (digest: Digest) => references.intentsNaming(app, digest);
    await registry.intents.hold(app, { digests: [blob], children: [child] }, async () => {
      expect(await ask(blob)).toBe(true);
      expect(await ask(child)).toBe(true);
      expect(await ask(digestOf('other'))).toBe(false);
    });
    expect(await ask(blob)).toBe(false);
  });
});
