import { liveValue, type Digest, type Tag } from '@atoll/core';
import { isStorageError, type Fault } from '@atoll/storage';
import { describe, expect, test } from '@jest/globals';
import type { Registry } from './registry.js';
import {
  allKeys,
  journaled,
  name,
  openRegion,
  pushSample,
  sampleImage,
  tag,
  uploadBlob,
  type Sample,
  type TestRegion,
} from './testing/region.js';

const app = name('team/app');
const HOUR_MS = 3_600_000;
const subject = sampleImage('subject');
const image = sampleImage('image', { subject });
const names = { digest: image.digest, tag: tag('v1') };

/** Every write of a push or a delete, by the key it goes to. */
const WRITES = ['/@i/', '/@m/', '/@f/', '/@t/', 'jr/'];
const WHEN: Fault['when'][] = ['before', 'after'];
const cases = WRITES.flatMap((key) => WHEN.map((when) => [when, key] as const));

const push = (registry: Registry) =>
  registry.manifests.put(app, { reference: { tag: names.tag }, contentType: image.mediaType, bytes: image.bytes });

async function upload(registry: Registry, { blobs }: Sample): Promise<void> {
  for (const blob of blobs) await uploadBlob(registry, app, blob);
}

/** The write fails, and with it the process: nothing it would do after reaches the store. */
function crashAt(region: TestRegion, key: string, when: Fault['when']): void {
  let dead = false;
  region.faults.push(
    { key: () => dead, when: 'before' },
    {
      op: 'put',
      key: (at) => {
        dead ||= at.includes(key);
        return at.includes(key);
      },
      nth: 1,
      when,
    },
  );
}

async function expectCrash(work: Promise<unknown>): Promise<void> {
  const cause = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(isStorageError(cause, 'unavailable')).toBe(true);
}

/** What a fresh process sees: no tag leads to nothing, whatever happened. */
async function expectWhole(registry: Registry): Promise<void> {
  const { tags } = await registry.tags.list(app, { limit: 100 });
  for (const one of tags) expect(await registry.manifests.get(app, { tag: one })).toBeDefined();
}

async function isJournaled(region: TestRegion, change: { digest: Digest } | { tag: Tag }): Promise<boolean> {
  const changes = (await journaled(region)).flatMap((entry) => entry.changes);
  return changes.some((one) =>
    Object.entries(change).every(([key, value]) => Object.entries(one).some(([k, v]) => k === key && v === value)),
  );
}

async function isLive(registry: Registry, what: { digest: Digest } | { tag: Tag }): Promise<boolean> {
  const register =
    'tag' in what
      ? await registry.tags.read(app, what.tag)
      : (await registry.manifests.read(app, what.digest))?.register;
  return register !== undefined && liveValue(register) !== undefined;
}

async function intentsLeft(region: TestRegion): Promise<number> {
  return (await allKeys(region)).filter((key) => key.includes('/@i/')).length;
}

describe('a push whose process dies', () => {
  test.each(cases)('%s it writes %s leaves nothing broken, and a retry succeeds', async (when, key) => {
    const region = await openRegion();
    await upload(region.registry, image);
    crashAt(region, key, when);
    await expectCrash(push(region.registry));
    region.faults.length = 0;
    const next = await region.restart();
    await expectWhole(next);
    await push(next);
    expect(await next.manifests.get(app, { tag: names.tag })).toMatchObject({ bytes: image.bytes });
    expect(await next.referrers.list(app, subject.digest)).toHaveLength(1);
    expect(await isJournaled(region, { tag: names.tag })).toBe(true);
  });

  test.each(cases)('%s it writes %s has what it wrote journaled later', async (when, key) => {
    const region = await openRegion();
    await upload(region.registry, image);
    crashAt(region, key, when);
    await expectCrash(push(region.registry));
    region.faults.length = 0;
    const next = await region.restart();
    expect(await next.intents.resolve(HOUR_MS)).toMatchObject({ resolved: 0 });
    region.clock.advance(HOUR_MS);
    await next.intents.resolve(HOUR_MS);
    expect(await intentsLeft(region)).toBe(0);
    for (const one of [{ digest: names.digest }, { tag: names.tag }]) {
      if (await isLive(next, one)) expect(await isJournaled(region, one)).toBe(true);
    }
    const rows = await next.referrers.list(app, subject.digest);
    expect(rows.length > 0).toBe(await isLive(next, { digest: names.digest }));
    expect(await next.intents.resolve(HOUR_MS)).toMatchObject({ resolved: 0 });
  });
});

test.each(cases.filter(([, key]) => key !== '/@i/'))(
  'a push of which one write fails, %s it writes %s, has what it wrote journaled later',
  async (when, key) => {
    const region = await openRegion();
    await upload(region.registry, image);
    region.faults.push({ op: 'put', key, nth: 1, when });
    await expectCrash(push(region.registry));
    await region.registry.intents.idle();
    region.clock.advance(HOUR_MS);
    expect(await region.registry.intents.resolve(HOUR_MS)).toMatchObject({ resolved: 1 });
    for (const one of [{ digest: names.digest }, { tag: names.tag }]) {
      if (await isLive(region.registry, one)) expect(await isJournaled(region, one)).toBe(true);
    }
  },
);

describe('a push that wants its tag not to be there, and whose process dies', () => {
  const onlyIf = { name: { tag: names.tag }, holds: (current?: Digest) => current === undefined };
  const create = (registry: Registry) =>
    registry.manifests.put(app, {
      reference: { tag: names.tag },
      contentType: image.mediaType,
      bytes: image.bytes,
      onlyIf,
    });

  test.each(cases)('%s it writes %s has the tag moved or not, and a retry tells which', async (when, key) => {
    const region = await openRegion();
    await upload(region.registry, image);
    crashAt(region, key, when);
    await expectCrash(create(region.registry));
    region.faults.length = 0;
    const next = await region.restart();
    await expectWhole(next);
    const moved = await isLive(next, { tag: names.tag });
    expect(moved).toBe(key === 'jr/' || (key === '/@t/' && when === 'after'));
    if (moved) await expect(create(next)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED', status: 412 });
    else await create(next);
    expect(await next.manifests.head(app, { tag: names.tag })).toMatchObject({ digest: image.digest });
    region.clock.advance(HOUR_MS);
    await next.intents.resolve(HOUR_MS);
    expect(await intentsLeft(region)).toBe(0);
    for (const one of [{ digest: names.digest }, { tag: names.tag }]) expect(await isJournaled(region, one)).toBe(true);
  });

  test('refused before it writes anything it leaves nothing, and refused by the tag it leaves a journaled manifest', async () => {
    const region = await openRegion();
    const other = sampleImage('other');
    for (const one of [image, other]) await upload(region.registry, one);
    await pushSample(region.registry, app, other, names.tag);
    await expect(create(region.registry)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    expect(await isLive(region.registry, { digest: image.digest })).toBe(false);
    let asked = 0;
    const late = { name: { tag: names.tag }, holds: () => ++asked === 1 };
    const push = { reference: { tag: names.tag }, bytes: image.bytes, onlyIf: late };
    await expect(region.registry.manifests.put(app, push)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    expect(await region.registry.manifests.head(app, { tag: names.tag })).toMatchObject({ digest: other.digest });
    expect(await isLive(region.registry, { digest: image.digest })).toBe(true);
    expect(await isJournaled(region, { digest: image.digest })).toBe(true);
    await region.registry.intents.idle();
    expect(await intentsLeft(region)).toBe(0);
  });
});

describe('a delete whose process dies', () => {
  test.each(cases)('%s it writes %s leaves nothing broken that a retry or time does not mend', async (when, key) => {
    const region = await openRegion();
    await pushSample(region.registry, app, image, names.tag);
    await region.registry.intents.idle();
    crashAt(region, key, when);
    await expectCrash(region.registry.manifests.delete(app, names.digest));
    region.faults.length = 0;
    const next = await region.restart();
    const wasDeleted = !(await isLive(next, { digest: names.digest }));
    const retry = next.manifests.delete(app, names.digest);
    if (wasDeleted) await expect(retry).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    else await retry;
    expect((await next.tags.list(app, { limit: 10 })).tags).toEqual([]);
    expect(await next.referrers.list(app, subject.digest)).toEqual([]);
    await next.intents.idle();
    region.clock.advance(HOUR_MS);
    await next.intents.resolve(HOUR_MS);
    expect(await intentsLeft(region)).toBe(0);
    expect(await isJournaled(region, { digest: names.digest })).toBe(true);
  });

  test.each(cases)('%s it writes %s is completed and journaled when its intent is settled', async (when, key) => {
    const region = await openRegion();
    await pushSample(region.registry, app, image, names.tag);
    await region.registry.intents.idle();
    const entriesBefore = (await journaled(region)).length;
    crashAt(region, key, when);
    await expectCrash(region.registry.manifests.delete(app, names.digest));
    region.faults.length = 0;
    const next = await region.restart();
    region.clock.advance(HOUR_MS);
    await next.intents.resolve(HOUR_MS);
    await expectWhole(next);
    const deleted = !(await isLive(next, { digest: names.digest }));
    expect((await next.tags.list(app, { limit: 10 })).tags).toEqual(deleted ? [] : [names.tag]);
    expect(await next.referrers.list(app, subject.digest)).toHaveLength(deleted ? 0 : 1);
    if (!deleted) return;
    const after = (await journaled(region)).slice(entriesBefore).flatMap((entry) => entry.changes);
    expect(after).toContainEqual({ kind: 'manifest', digest: names.digest });
    expect(after).toContainEqual({ kind: 'tag', tag: names.tag });
  });
});

test('a change is in the journal by the time it is acknowledged', async () => {
  const region = await openRegion();
  const { registry } = region;
  await pushSample(registry, app, image, names.tag);
  expect(await journaled(region)).toMatchObject([
    {
      repository: app,
      changes: [
        { kind: 'manifest', digest: names.digest },
        { kind: 'tag', tag: names.tag },
      ],
    },
  ]);
  await registry.tags.delete(app, names.tag);
  await registry.manifests.delete(app, names.digest);
  expect((await journaled(region)).map(({ changes }) => changes.length).sort()).toEqual([1, 1, 2]);
});

test('an intent whose removal fails is left to be settled, and the push is answered all the same', async () => {
  const region = await openRegion();
  region.faults.push({ op: 'delete', key: '/@i/', when: 'before' });
  await pushSample(region.registry, app, image, names.tag);
  await region.registry.intents.idle();
  expect(await intentsLeft(region)).toBe(1);
  region.faults.length = 0;
  region.clock.advance(HOUR_MS);
  expect(await region.registry.intents.resolve(HOUR_MS)).toMatchObject({ resolved: 1 });
  expect(await intentsLeft(region)).toBe(0);
});
