import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { parseRepositoryName } from '@atoll/core';
import { MemoryStore, type ObjectStore } from '@atoll/storage';
import { FsStore } from '@atoll/storage-fs';
import { image, index } from './images.js';
import { drain, regions, twoRegions, type FakeClock } from './regions.js';

const APP = 'team/app';
const DAY_MS = 24 * 60 * 60 * 1000;
const closing: (() => Promise<unknown>)[] = [];

async function onDisk(name: string): Promise<ObjectStore> {
  const root = await mkdtemp(join(tmpdir(), `atoll-${name}-`));
  const store = await FsStore.open({ root });
  closing.push(async () => {
    await store.close();
    await rm(root, { recursive: true, force: true });
  });
  return store;
}

function inMemory(name: string, clock: FakeClock): ObjectStore {
  return new MemoryStore({ name, clock });
}

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describe.each([
  ['in memory', inMemory],
  ['on disk', onDisk],
])('two regions %s', (_where, open) => {
  test('an image pushed in one is pulled from the other, by tag and by digest', async () => {
    const [eu, us] = await twoRegions(open);
    const pushed = await eu.push(APP, image('a'), 'v1', 'latest');
    await drain([eu, us]);
    expect(await us.get(APP, 'v1')).toBe(pushed);
    expect(await us.get(APP, 'latest')).toBe(pushed);
    expect(await us.get(APP, pushed)).toBe(pushed);
    expect(await us.missing([image('a')])).toEqual([]);
  });

  test('an index brings its images, also the index in it', async () => {
    const [eu, us] = await twoRegions(open);
    const nested = index(image('a'), index(image('b'), image('c')));
    await eu.push(APP, nested, 'multi');
    await drain([eu, us]);
    expect(await us.get(APP, 'multi')).toBe(nested.digest);
    expect(await us.shown()).toEqual(await eu.shown());
    expect(Object.keys(await us.shown()).length).toBe(6);
  });

  test('a signature pushed as a referrer is listed in the other, whichever of the two arrives first', async () => {
    const [eu, us] = await twoRegions(open);
    const subject = image('a');
    const signature = image('signature', { subject });
    await eu.push(APP, signature);
    await drain([eu, us]);
    await eu.push(APP, subject, 'v1');
    await drain([eu, us]);
    const rows = await us.registry.referrers.list(parseRepositoryName(APP), subject.digest);
    expect(rows.map(({ digest }) => digest)).toEqual([signature.digest]);
    await us.delete(APP, signature);
    await drain([eu, us]);
    expect(await eu.registry.referrers.list(parseRepositoryName(APP), subject.digest)).toEqual([]);
  });

  test('a tag deleted in one disappears in the other, and the image stays', async () => {
    const [eu, us] = await twoRegions(open);
    const digest = await eu.push(APP, image('a'), 'v1');
    await drain([eu, us]);
    await us.untag(APP, 'v1');
    await drain([eu, us]);
    expect(await eu.get(APP, 'v1')).toBeUndefined();
    expect(await eu.tags(APP)).toEqual([]);
    expect(await eu.get(APP, digest)).toBe(digest);
  });

  test('an image deleted in one disappears in the other with its tags', async () => {
    const [eu, us] = await twoRegions(open);
    await eu.push(APP, image('a'), 'v1', 'v2');
    await eu.push(APP, image('b'), 'v3');
    await drain([eu, us]);
    await us.delete(APP, image('a'));
    await drain([eu, us]);
    expect(await eu.tags(APP)).toEqual(['v3']);
    expect(await eu.get(APP, image('a').digest)).toBeUndefined();
  });

  test('a tag moved in both at once names the same image in both afterwards', async () => {
    const [eu, us] = await twoRegions(open);
    await eu.push(APP, image('a'), 'latest');
    await us.push(APP, image('b'), 'latest');
    await drain([eu, us]);
    expect(await eu.get(APP, 'latest')).toBe(await us.get(APP, 'latest'));
    expect(await eu.shown()).toEqual(await us.shown());
    await eu.push(APP, image('c'), 'latest');
    await drain([eu, us]);
    expect(await us.get(APP, 'latest')).toBe(image('c').digest);
  });

  test('a tag that both make at once on the condition that it is not there is one tag afterwards, and both images stay', async () => {
    const [eu, us] = await twoRegions(open);
    await eu.create(APP, image('a'), 'v1');
    await us.create(APP, image('b'), 'v1');
    await drain([eu, us]);
    expect([image('a').digest, image('b').digest]).toContain(await eu.get(APP, 'v1'));
    expect(await eu.shown()).toEqual(await us.shown());
    for (const name of ['a', 'b']) expect(await us.get(APP, image(name).digest)).toBe(image(name).digest);
    for (const region of [eu, us]) {
      await expect(region.create(APP, image('c'), 'v1')).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    }
  });

  test('of a delete and a push at the same time, the push wins', async () => {
    const [eu, us] = await twoRegions(open);
    await eu.push(APP, image('a'), 'v1');
    await drain([eu, us]);
    await us.delete(APP, image('a'));
    await eu.push(APP, image('a'), 'v1');
    await drain([eu, us]);
    for (const region of [eu, us]) {
      expect(await region.get(APP, 'v1')).toBe(image('a').digest);
      expect(await region.missing([image('a')])).toEqual([]);
    }
  });

  test('a tag that was on its way while its image was deleted elsewhere goes too', async () => {
    const [eu, us] = await twoRegions(open);
    await eu.push(APP, image('a'));
    await drain([eu, us]);
    // The tag's manifest was known in us, so its delete covers this push's write of the manifest only where it has arrived.
    await eu.push(APP, image('a'), 'v1');
    await eu.seal();
    us.queue.mischief = { lost: [1] };
    await us.pull('eu');
    us.queue.mischief = {};
    await us.delete(APP, image('a'));
    await drain([eu, us]);
    expect(await eu.shown()).toEqual(await us.shown());
    expect(await eu.missing([image('a')])).toEqual([]);
    expect(await us.missing([image('a')])).toEqual([]);
  });

  test('layers that a region has already are linked, not copied', async () => {
    const [eu, us] = await twoRegions(open);
    await eu.push(APP, image('a'), 'v1');
    await drain([eu, us]);
    await eu.push('other', image('a'), 'v1');
    await drain([eu, us]);
    const data = await us.registry.store.list('d/', { limit: 1000 });
    expect(data.entries.length).toBe(3);
    expect(await us.missing([image('a')])).toEqual([]);
  });
});

test('three regions become equal, and each hears of a write from the one that made it', async () => {
  const all = await regions(['eu', 'us', 'ap'] as const);
  const [eu, us, ap] = all;
  await eu.push(APP, image('a'), 'latest');
  await us.push(APP, image('b'), 'latest');
  await ap.push('other', index(image('c')), 'v1');
  await us.pull('eu');
  await drain(all);
  expect(await us.shown()).toEqual(await eu.shown());
  expect(await ap.shown()).toEqual(await eu.shown());
});

test('what is merged is not journaled again', async () => {
  const [eu, us] = await twoRegions();
  await eu.push(APP, image('a'), 'v1');
  await drain([eu, us]);
  const written = await us.registry.store.list('j', { limit: 10 });
  expect(written.entries).toEqual([]);
});

test('a new region takes over what an old one has, although the journal of it is retired', async () => {
  const [eu] = await regions(['eu'] as const);
  await eu.push(APP, image('a'), 'v1');
  await eu.push('other', image('b'), 'v1');
  await eu.untag('other', 'v1');
  await eu.seal();
  eu.clock.advance(20 * DAY_MS);
  expect((await eu.sequencer.retire()).removed).toBeGreaterThan(0);
  const [us] = await regions(['us'] as const);
  us.clock.advance(20 * DAY_MS);
  us.follow('eu', eu.registry.store);
  await drain([us]);
  expect(await us.shown()).toEqual(await eu.shown());
  await eu.push(APP, image('c'), 'v2');
  await drain([eu, us]);
  expect(await us.get(APP, 'v2')).toBe(image('c').digest);
});

test('jobs that a queue loses become a comparison of their repository, and nothing is lost', async () => {
  const [eu, us] = await twoRegions();
  await eu.push(APP, image('a'), 'v1');
  await eu.seal();
  us.queue.mischief = { lost: [0, 1] };
  await us.pull('eu');
  expect(await us.get(APP, 'v1')).toBeUndefined();
  us.queue.mischief = {};
  expect(await us.compare('eu')).toBe(1);
  expect(await us.get(APP, 'v1')).toBe(image('a').digest);
  expect(await us.compare('eu')).toBe(0);
});

test('a write from a clock far ahead is parked until its time comes', async () => {
  const [eu, us] = await twoRegions();
  eu.clock.advance(DAY_MS);
  await eu.push(APP, image('a'), 'v1');
  await drain([eu, us]);
  expect(await us.get(APP, 'v1')).toBeUndefined();
  us.clock.advance(DAY_MS);
  await drain([eu, us]);
  expect(await us.get(APP, 'v1')).toBe(image('a').digest);
});
