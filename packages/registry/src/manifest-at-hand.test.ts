import { countCalls, interceptStore, keys, MemoryStore, type Interceptor, type ObjectStore } from '@atoll/storage';
import { describe, expect, test } from '@jest/globals';
import { Registry } from './registry.js';
import { claimRegion } from './region.js';
import { name, sampleImage, tag, uploadBlob } from './testing/region.js';

const app = name('team/app');
const image = sampleImage('a', { layers: 0 });
const push = { reference: { tag: tag('v1') }, bytes: image.bytes };

/** A region whose store knows by itself which version an object has, as a folder does that no other process writes. */
async function openKnowing(around: Interceptor = (_op, _key, call) => call()) {
  const memory = new MemoryStore();
  const counter = countCalls(interceptStore(memory, around));
  const store: ObjectStore = { ...counter.store, versionAtHand: (key) => memory.versionAtHand(key) };
  const registry = new Registry({ store, identity: await claimRegion(store, 'eu') });
  for (const blob of image.blobs) await uploadBlob(registry, app, blob);
  counter.reset();
  return { registry, counter };
}

describe('where the store has versions at hand', () => {
  test('a push asks nobody whether the manifest it has just written stands', async () => {
    const { registry, counter } = await openKnowing();
    await registry.manifests.put(app, push);
    expect(counter.calls()).not.toHaveProperty('head');
    expect(await registry.manifests.head(app, push.reference)).toMatchObject({ digest: image.digest });
  });

  test('a delete between the manifest and its tag is seen, and the push brings the manifest back', async () => {
    let isMet = false;
    const { registry } = await openKnowing(async (op, key, call) => {
      if (op === 'put' && key === keys.tag(app, push.reference.tag) && !isMet) {
        isMet = true;
        await registry.manifests.delete(app, image.digest);
      }
      return call();
    });
    await registry.manifests.put(app, push);
    expect(isMet).toBe(true);
    expect(await registry.manifests.get(app, push.reference)).toMatchObject({ digest: image.digest });
  });
});
