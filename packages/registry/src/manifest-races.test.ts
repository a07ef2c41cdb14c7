import { digestOf, liveValue, RegistryError } from '@atoll/core';
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
  uploadBlob,
  type Sample,
} from './testing/region.js';

const app = name('team/app');
const subject = sampleImage('subject');
const samples = ['a', 'b', 'c'].map((seed) => sampleImage(seed, { layers: 0, subject }));

/** What a client does to the repository through one process. */
type Step = (registry: Registry) => Promise<unknown>;

const push =
  ({ digest, bytes }: Sample, ...tags: string[]): Step =>
  ({ manifests }) =>
    manifests.put(app, { reference: { digest }, tags: tags.map(tag), bytes });
const remove =
  ({ digest }: Sample): Step =>
  ({ manifests }) =>
    manifests.delete(app, digest);
const untag =
  (text: string): Step =>
  ({ tags }) =>
    tags.delete(app, tag(text));

/** A push that wants the tag not to be there yet. */
const create =
  ({ bytes }: Sample, text: string): Step =>
  ({ manifests }) => {
    const reference = { tag: tag(text) };
    return manifests.put(app, {
      reference,
      bytes,
      onlyIf: { name: reference, holds: (current) => current === undefined },
    });
  };
/** A push that wants the tag to name `old`. */
const replace =
  ({ bytes }: Sample, old: Sample, text: string): Step =>
  ({ manifests }) => {
    const reference = { tag: tag(text) };
    return manifests.put(app, {
      reference,
      bytes,
      onlyIf: { name: reference, holds: (current) => current === old.digest },
    });
  };

const sample = fc.constantFrom(...samples);
const tagName = fc.constantFrom('v1', 'v2');
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.tuple(sample, tagName).map(([one, text]) => push(one, text)), weight: 2 },
  sample.map(remove),
  tagName.map(untag),
  fc.tuple(sample, tagName).map(([one, text]) => create(one, text)),
  fc.tuple(sample, sample, tagName).map(([one, old, text]) => replace(one, old, text)),
);

async function openUploaded(images: readonly Sample[], turn?: () => Promise<unknown>) {
  const region = await openRegion('eu', new FakeClock(), turn);
  for (const blob of images.flatMap(({ blobs }) => blobs)) await uploadBlob(region.registry, app, blob);
  return region;
}

/** Runs the steps in two processes of a region, their store calls in the scheduler's order. Answers how each went. */
async function race(
  scheduler: fc.Scheduler,
  images: readonly Sample[],
  before: readonly Step[],
  steps: readonly Step[],
) {
  let racing = false;
  const region = await openUploaded(images, async () => {
    if (racing) await scheduler.schedule(Promise.resolve());
  });
  const replicas = [region.registry, await region.restart()] as const;
  for (const one of before) await outcome(one(region.registry));
  await region.registry.intents.idle();
  racing = true;
  const outcomes = await scheduler.waitFor(
    Promise.all(steps.map((one, i) => outcome(one(replicas[i % 2 === 0 ? 0 : 1])))),
  );
  racing = false;
  await scheduler.waitIdle();
  return { registry: region.registry, outcomes };
}

/** What a client may be told is no failure. */
async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (cause) {
    if (cause instanceof RegistryError) return cause.code;
    throw cause;
  }
}

async function isLive({ manifests }: Registry, { digest }: Sample): Promise<boolean> {
  const found = await manifests.read(app, digest);
  return found !== undefined && liveValue(found.register) !== undefined;
}

describe('whatever happens at once in two processes', () => {
  test('in the end every tag leads to a manifest, and the referrers are the live ones', async () => {
    const steps = fc.array(step, { minLength: 2, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(step, { maxLength: 3 }), steps, async (scheduler, before, all) => {
        const { registry } = await race(scheduler, samples, before, all);
        const { tags } = await registry.tags.list(app, { limit: 10 });
        for (const one of tags) expect(await registry.manifests.get(app, { tag: one })).toBeDefined();
        const live: Sample[] = [];
        for (const one of samples) if (await isLive(registry, one)) live.push(one);
        const rows = await registry.referrers.list(app, subject.digest);
        expect(rows.map(({ digest }) => digest).sort()).toEqual(live.map(({ digest }) => digest).sort());
      }),
      { numRuns: 200 },
    );
  });

  test('a push and a delete of one manifest leave all of it with its tag, or none', async () => {
    const [image = subject] = samples;
    const before = fc.constantFrom([push(image)], [push(image, 'v1')]);
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), before, async (scheduler, first) => {
        const { registry, outcomes } = await race(scheduler, [image], first, [push(image, 'v1'), remove(image)]);
        expect(outcomes).toEqual(['done', 'done']);
        const { tags } = await registry.tags.list(app, { limit: 10 });
        expect(tags).toEqual((await isLive(registry, image)) ? ['v1'] : []);
      }),
      { numRuns: 300 },
    );
  });

  test('a manifest that is pushed keeps its blobs, or the blob goes and the push is refused', async () => {
    const image = sampleImage('a', { layers: 1 });
    const layer = digestOf(image.blobs[1] ?? '');
    const unlink: Step = ({ blobs }) => blobs.delete(app, layer);
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const { registry, outcomes } = await race(scheduler, [image], [], [push(image, 'v1'), unlink]);
        const found = await registry.blobs.find(app, layer);
        expect(outcomes).toEqual(found ? ['done', 'UNSUPPORTED'] : ['MANIFEST_BLOB_UNKNOWN', 'done']);
      }),
      { numRuns: 200 },
    );
  });

  test('of pushes to one tag one is what the tag names, and all are there by digest', async () => {
    const images = [sampleImage('a'), sampleIndex([]), sampleImage('b')];
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const { registry } = await race(
          scheduler,
          images,
          [],
          images.map((image) => push(image, 'latest')),
        );
        for (const image of images) expect(await isLive(registry, image)).toBe(true);
        const named = await registry.manifests.head(app, { tag: tag('latest') });
        expect(images.map(({ digest }) => digest)).toContain(named.digest);
        await pushSample(registry, app, subject, 'latest');
        expect(await registry.manifests.head(app, { tag: tag('latest') })).toMatchObject({ digest: subject.digest });
      }),
      { numRuns: 50 },
    );
  });
});

describe('a tag as a compare-and-swap cell', () => {
  test('of pushes that want it not to be there one wins, and what the others brought is journaled or not there', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const { registry, outcomes } = await race(
          scheduler,
          samples,
          [],
          samples.map((one) => create(one, 'v1')),
        );
        expect(outcomes.toSorted()).toEqual(['PRECONDITION_FAILED', 'PRECONDITION_FAILED', 'done']);
        const named = await registry.manifests.head(app, { tag: tag('v1') });
        expect(named.digest).toBe(samples[outcomes.indexOf('done')]?.digest);
      }),
      { numRuns: 100 },
    );
  });

  test('of pushes that want it to name one manifest one wins, and it is not overwritten by the others', async () => {
    const [first = subject, ...others] = samples;
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const steps = others.map((one) => replace(one, first, 'v1'));
        const { registry, outcomes } = await race(scheduler, samples, [push(first, 'v1')], steps);
        expect(outcomes.toSorted()).toEqual(['PRECONDITION_FAILED', 'done']);
        const named = await registry.manifests.head(app, { tag: tag('v1') });
        expect(named.digest).toBe(others[outcomes.indexOf('done')]?.digest);
      }),
      { numRuns: 100 },
    );
  });

  test('it is created once more at most than it is taken away, also where its manifest is deleted meanwhile', async () => {
    const creation = sample.map((one) => ({ step: create(one, 'v1'), creates: true }));
    const removal = fc
      .oneof(sample.map(remove), fc.constant(untag('v1')))
      .map((one) => ({ step: one, creates: false }));
    const steps = fc.array(fc.oneof({ arbitrary: creation, weight: 2 }, removal), { minLength: 2, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), steps, async (scheduler, all) => {
        const { outcomes } = await race(
          scheduler,
          samples,
          [],
          all.map(({ step }) => step),
        );
        const done = all.filter((_, at) => outcomes[at] === 'done');
        const created = done.filter(({ creates }) => creates).length;
        expect(created).toBeLessThanOrEqual(done.length - created + 1);
      }),
      { numRuns: 100 },
    );
  });
});
