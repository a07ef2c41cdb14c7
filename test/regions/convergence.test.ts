import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { image, index } from './images.js';
import type { Mischief } from './inline-queue.js';
import { drain, regions, type TestRegion } from './regions.js';

const A = image('a');
const B = image('b');
const SIGNATURE = image('signature', { subject: A });
const INDEX = index(A, B);
const ALL = [A, B, SIGNATURE, INDEX];
const REPOSITORIES = ['one', 'one/two'];
const TAGS = ['latest', 'v1'];
const RUNS = Number(process.env['ATOLL_TEST_RUNS'] ?? 100);

/** Names are few, so that everything meets everything. Numbers are taken modulo what there is. */
type Step =
  | { kind: 'push'; at: number; repository: number; manifest: number; tag: number | undefined }
  | { kind: 'untag'; at: number; repository: number; tag: number }
  | { kind: 'delete'; at: number; repository: number; manifest: number }
  | { kind: 'seal'; at: number }
  | { kind: 'pull'; at: number; from: number; mischief: Mischief }
  | { kind: 'compare'; at: number; from: number; mischief: Mischief }
  | { kind: 'restart'; at: number; from: number }
  | { kind: 'wait'; at: number };

const small = fc.nat({ max: 5 });
const places = fc.array(small, { maxLength: 3 });
const mischief: fc.Arbitrary<Mischief> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.record({
      lost: places,
      twice: places,
      unheard: places,
      backwards: fc.boolean(),
      together: fc.boolean(),
    }),
  },
);
const kind = <K extends string>(name: K): fc.Arbitrary<K> => fc.constant(name);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: kind('push'),
      at: small,
      repository: small,
      manifest: small,
      tag: fc.option(small, { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kind('untag'), at: small, repository: small, tag: small }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('delete'), at: small, repository: small, manifest: small }) },
  { weight: 4, arbitrary: fc.record({ kind: kind('seal'), at: small }) },
  { weight: 5, arbitrary: fc.record({ kind: kind('pull'), at: small, from: small, mischief }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('compare'), at: small, from: small, mischief }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('restart'), at: small, from: small }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('wait'), at: small }) },
);

/** Steps that run at the same time, in every way in which their calls can interleave. */
const history = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 3, maxLength: 25 });

test('regions become equal whatever happens, and whatever is named is there', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 3 }), history, async (count, moments) => {
      const all = await regions(['eu', 'us', 'ap'].slice(0, count));
      for (const moment of moments) {
        await Promise.all(moment.map((one) => act(all, one)));
        // At every moment, not only at the end: nothing is named before it is here.
        for (const region of all) expect(await region.namedTooEarly(ALL)).toEqual([]);
      }
      await drain(all);
      const [first, ...others] = await Promise.all(all.map((region) => region.shown()));
      for (const other of others) expect(other).toEqual(first);
      for (const region of all) expect(await region.missing(ALL)).toEqual([]);
    }),
    { numRuns: RUNS, endOnFailure: false },
  );
}, 300_000);

test('a tag that was deleted after everyone had it never comes back', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (moments) => {
      const all = await regions(['eu', 'us', 'ap']);
      const [eu, us] = all;
      if (eu === undefined || us === undefined) throw new Error('no regions');
      await eu.push('one', A, 'gone');
      await drain(all);
      await us.untag('one', 'gone');
      // No step names this tag, so nothing but an old job could bring it back.
      for (const moment of moments) await Promise.all(moment.map((one) => act(all, one)));
      await drain(all);
      for (const region of all) expect(await region.get('one', 'gone')).toBeUndefined();
    }),
    { numRuns: Math.ceil(RUNS / 3) },
  );
}, 300_000);

test('without deletes, everything that was pushed is everywhere', async () => {
  const pushes = history.map((moments) =>
    moments.map((moment) => moment.filter((one) => one.kind !== 'delete' && one.kind !== 'untag')),
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 3 }), pushes, async (count, moments) => {
      const all = await regions(['eu', 'us', 'ap'].slice(0, count));
      const pushed = new Set<string>();
      for (const moment of moments) {
        await Promise.all(moment.map((one) => act(all, one)));
        for (const one of moment) if (one.kind === 'push') for (const name of namesOf(one)) pushed.add(name);
      }
      await drain(all);
      for (const region of all) expect(Object.keys(await region.shown())).toEqual(expect.arrayContaining([...pushed]));
    }),
    { numRuns: Math.ceil(RUNS / 3) },
  );
}, 300_000);

function namesOf(step: Extract<Step, { kind: 'push' }>): string[] {
  const repository = pick(REPOSITORIES, step.repository);
  const { digest } = pick(ALL, step.manifest);
  return [`${repository}@${digest}`, ...(step.tag === undefined ? [] : [`${repository}:${pick(TAGS, step.tag)}`])];
}

async function act(all: readonly TestRegion[], step: Step): Promise<void> {
  const region = pick(all, step.at);
  switch (step.kind) {
    case 'push': {
      const tags = step.tag === undefined ? [] : [pick(TAGS, step.tag)];
      await pushOrRefuse(region, pick(REPOSITORIES, step.repository), pick(ALL, step.manifest), tags);
      return;
    }
    case 'untag':
      await region.untag(pick(REPOSITORIES, step.repository), pick(TAGS, step.tag));
      return;
    case 'delete':
      await region.delete(pick(REPOSITORIES, step.repository), pick(ALL, step.manifest));
      return;
    case 'seal':
      await region.seal();
      return;
    case 'wait':
      for (const one of all) one.clock.advance(1 + step.at * 1000);
      return;
    default: {
      const others = all.filter((one) => one !== region);
      const source = pick(others, step.from).name;
      if (step.kind === 'restart') return region.forget(source);
      region.queue.mischief = step.mischief;
      await (step.kind === 'pull' ? region.pull(source) : region.compare(source));
    }
  }
}

/** A child that is deleted between its push and its index's makes the index a bad one, as for any client. */
async function pushOrRefuse(
  region: TestRegion,
  repository: string,
  manifest: (typeof ALL)[number],
  tags: readonly string[],
): Promise<void> {
  try {
    await region.push(repository, manifest, ...tags);
  } catch (cause) {
    if (!isMissingPart(cause)) throw cause;
  }
}

function isMissingPart(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'MANIFEST_BLOB_UNKNOWN';
}

function pick<T>(list: readonly T[], number: number): T {
  const chosen = list[number % list.length];
  if (chosen === undefined) throw new Error('nothing to pick from');
  return chosen;
}
