import { liveValue, RegistryError } from '@atoll/core';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Registry } from './registry.js';
import {
  FakeClock,
  name,
  openRegion,
  pushSample,
  sampleImage,
  sampleIndex,
  tag,
  type Sample,
} from './testing/region.js';

const app = name('team/app');
const subject = sampleImage('subject');
const samples = ['a', 'b', 'c'].map((seed) => sampleImage(seed, { layers: 1, subject }));
const tags = ['v1', 'v2'];

type Step =
  | { readonly does: 'push'; readonly sample: Sample; readonly tag: string }
  | { readonly does: 'delete'; readonly sample: Sample }
  | { readonly does: 'untag'; readonly tag: string };

const sample = fc.constantFrom(...samples);
const tagName = fc.constantFrom(...tags);
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ does: fc.constant('push' as const), sample, tag: tagName }), weight: 2 },
  fc.record({ does: fc.constant('delete' as const), sample }),
  fc.record({ does: fc.constant('untag' as const), tag: tagName }),
);
const delays = fc.array(fc.nat(12), { minLength: 20, maxLength: 80 });

async function run(registry: Registry, one: Step): Promise<void> {
  try {
    if (one.does === 'push') await pushSample(registry, app, one.sample, one.tag);
    else if (one.does === 'delete') await registry.manifests.delete(app, one.sample.digest);
    else await registry.tags.delete(app, tag(one.tag));
  } catch (cause) {
    if (!(cause instanceof RegistryError && cause.code === 'MANIFEST_UNKNOWN')) throw cause;
  }
}

describe('whatever happens at once in two processes', () => {
  test('in the end every tag leads to a manifest, and the referrers are the live ones', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 4 }),
        fc.array(step, { minLength: 2, maxLength: 6 }),
        delays,
        async (before, steps, turns) => {
          const region = await openRegion('eu', new FakeClock(), turns);
          const replicas = [region.registry, await region.restart()];
          for (const one of before) await run(region.registry, one);
          await Promise.all(steps.map((one, i) => run(replicas[i % 2] ?? region.registry, one)));
          const listed = await region.registry.tags.list(app, { limit: 10 }).catch(() => ({ tags: [] }));
          for (const one of listed.tags) expect(await region.registry.manifests.get(app, { tag: one })).toBeDefined();
          const live = [];
          for (const { digest } of samples) {
            const found = await region.registry.manifests.read(app, digest);
            if (found && liveValue(found.register)) live.push(digest);
          }
          const rows = await region.registry.referrers.list(app, subject.digest);
          expect(rows.map(({ digest }) => digest).sort()).toEqual(live.sort());
        },
      ),
      { numRuns: 150 },
    );
  });

  test('a manifest that is pushed keeps its blobs, or the blob goes and the push is refused', async () => {
    await fc.assert(
      fc.asyncProperty(delays, async (turns) => {
        const region = await openRegion('eu', new FakeClock(), turns);
        const other = await region.restart();
        const image = sampleImage('a', { layers: 1 });
        await pushSample(region.registry, app, image);
        await region.registry.manifests.delete(app, image.digest);
        const layer = samples[0] && image.blobs[1];
        const [pushed] = await Promise.allSettled([
          region.registry.manifests.put(app, { reference: { tag: tag('v1') }, bytes: image.bytes }),
          other.blobs.delete(app, descriptorDigest(image)),
        ]);
        expect(layer).toBeDefined();
        const blob = await region.registry.blobs.find(app, descriptorDigest(image));
        if (pushed.status === 'fulfilled') expect(blob).toBeDefined();
        else expect(pushed.reason).toMatchObject({ code: 'MANIFEST_BLOB_UNKNOWN' });
      }),
      { numRuns: 100 },
    );
  });
});

test('a push and a delete of one manifest leave all of it with its tag, or none', async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), delays, async (wasTagged, turns) => {
      const region = await openRegion('eu', new FakeClock(), turns);
      const image = sampleImage('a', { layers: 0 });
      await pushSample(region.registry, app, image, wasTagged ? 'v1' : undefined);
      const other = await region.restart();
      await Promise.all([
        region.registry.manifests.put(app, { reference: { tag: tag('v1') }, bytes: image.bytes }),
        other.manifests.delete(app, image.digest),
      ]);
      const found = await region.registry.manifests.read(app, image.digest);
      const { tags: listed } = await region.registry.tags.list(app, { limit: 10 });
      expect(listed).toEqual(found && liveValue(found.register) ? ['v1'] : []);
    }),
    { numRuns: 200, endOnFailure: true },
  );
});

test('of two pushes to one tag the later one is what the tag names', async () => {
  await fc.assert(
    fc.asyncProperty(delays, async (turns) => {
      const region = await openRegion('eu', new FakeClock(), turns);
      const [a, b] = [sampleImage('a'), sampleIndex([])];
      let last: Sample = a;
      const push = async (registry: Registry, one: Sample) => {
        await pushSample(registry, app, one, 'latest');
        last = one;
      };
      await Promise.all([push(region.registry, a), push(await region.restart(), b)]);
      await push(region.registry, a);
      expect(await region.registry.manifests.head(app, { tag: tag('latest') })).toMatchObject({ digest: last.digest });
      for (const { digest } of [a, b])
        expect(await region.registry.manifests.head(app, { digest })).toMatchObject({ digest });
    }),
    { numRuns: 30 },
  );
});

function descriptorDigest(image: Sample) {
  const body = JSON.parse(image.bytes.toString()) as { layers: { digest: Sample['digest'] }[] };
  return body.layers[0]?.digest ?? image.digest;
}
