import { digestOf, emptyRegister, isRepositoryName, isTag, liveValue, writeRegister, type Tag } from '@atoll/core';
import { keys, type ObjectStore } from '@atoll/storage';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Registry } from './registry.js';
import type { TagRegister, TagTarget } from './register-object.js';
import { name, openRegion, pushSample, sampleImage, tag } from './testing/region.js';

const app = name('team/app');
const target = (text: string): TagTarget => ({ digest: digestOf(text), mediaType: text, sizeBytes: text.length });

/** Every page of `limit`, one after the other. */
async function pages(registry: Registry, limit: number, repository = app): Promise<Tag[][]> {
  const all: Tag[][] = [];
  let after: string | undefined;
  do {
    const { tags, next } = await registry.tags.list(repository, { limit, after });
    all.push(tags);
    after = next;
  } while (after !== undefined);
  return all;
}

/** Tags that are there, or were deleted, as far as a listing can tell. */
async function plant(store: Pick<ObjectStore, 'put'>, tags: readonly Tag[], live = true): Promise<void> {
  const body = Buffer.alloc(live ? 300 : 301);
  for (const one of tags) await store.put(keys.tag(app, one), body, { blind: true });
}

const numbered = (prefix: string, count: number): Tag[] =>
  Array.from({ length: count }, (_, i) => tag(`${prefix}${String(i).padStart(6, '0')}`));

const tagText = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,5}$/).filter(isTag);
/** Names of which one begins, or sorts beside, another in ways that listings have lost. */
const tricky = fc.constantFrom(
  ...['0.1.2', '0.1.20', 'a', 'a-b', 'a.b', 'a_b', 'A', 'v1', 'V1', 'math', 'math-x'].map(tag),
);
const tagSets = fc.uniqueArray(fc.oneof(tagText, tricky), { maxLength: 20 });

describe('a list of tags', () => {
  test('is the live ones in byte order, however it is cut into pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        tagSets,
        fc.infiniteStream(fc.boolean()),
        fc.integer({ min: 1, max: 7 }),
        async (all, coins, limit) => {
          const { registry } = await openRegion();
          await registry.catalog.ensure(app);
          const live: Tag[] = [];
          for (const one of all) {
            await registry.tags.set(app, one, target('m'));
            if (coins.next().value) live.push(one);
            else await registry.tags.delete(app, one);
          }
          const found = await pages(registry, limit);
          expect(found.flat()).toEqual([...live].sort());
          expect(found.slice(0, -1).every((page) => page.length === limit)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('goes on after any text, whether it is a tag or not', async () => {
    const { registry } = await openRegion();
    await registry.catalog.ensure(app);
    const all = ['0.1.2', '0.1.20', 'A', 'a', 'a-b', 'a.b', 'z'].map(tag);
    for (const one of all) await registry.tags.set(app, one, target('m'));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), tagText, tricky, fc.constant('a'.repeat(5000))), async (after) => {
        const { tags } = await registry.tags.list(app, { after, limit: 100 });
        expect(tags).toEqual(all.filter((one) => one > after));
      }),
    );
  });

  test('is one listing per thousand names, and reads none of them', async () => {
    const { registry, counter, memory } = await openRegion();
    await pushSample(registry, app, sampleImage('a'), 'v1');
    const object = await memory.get(keys.tag(app, tag('v1')));
    for (let i = 0; i < 1500; i++)
      await memory.put(keys.tag(app, tag(`t${i}`)), object?.body ?? Buffer.of(), { blind: true });
    counter.reset();
    expect(await registry.tags.list(app, { limit: 10 })).toMatchObject({ next: 't1005' });
    expect(counter.calls()).toEqual({ list: 1 });
    counter.reset();
    expect((await registry.tags.list(app, { limit: 5000 })).tags).toHaveLength(1501);
    expect(counter.calls()).toEqual({ list: 2 });
  });

  test.each([10, 1_000, 100_000])('costs the same for a page of 100 in %i tags', async (count) => {
    const { registry, counter, memory } = await openRegion();
    const all = numbered('v', count);
    await plant(memory, all);
    for (const at of [0, count / 2, count - 1]) {
      counter.reset();
      const { tags } = await registry.tags.list(app, { after: all[at - 1], limit: 100 });
      expect(tags).toEqual(all.slice(at, at + 100));
      expect(counter.calls()).toEqual({ list: 1 });
    }
  });

  test('of which many were deleted in a row costs ten listings at most, and goes on from there', async () => {
    const { registry, counter, memory } = await openRegion();
    const [first, last] = [numbered('a', 3), numbered('c', 3)];
    await plant(memory, [...first, ...last]);
    await plant(memory, numbered('b', 50_000), false);
    const found: Tag[][] = [];
    let after: string | undefined;
    do {
      counter.reset();
      const { tags, next } = await registry.tags.list(app, { limit: 100, after });
      expect(counter.calls().list).toBeLessThanOrEqual(10);
      expect(next === undefined || next > (after ?? '')).toBe(true);
      found.push(tags);
      after = next;
    } while (after !== undefined);
    expect(found.flat()).toEqual([...first, ...last]);
    expect(found.length).toBeLessThanOrEqual(7);
  });

  test('of which few were deleted is as long as it was asked for', async () => {
    const { registry, counter, memory } = await openRegion();
    await plant(memory, numbered('a', 5_000), false);
    await plant(memory, numbered('b', 200));
    counter.reset();
    expect((await registry.tags.list(app, { limit: 100 })).tags).toHaveLength(100);
    expect(counter.calls()).toEqual({ list: 6 });
  });

  test('of a repository that does not exist is refused, and that of an empty one is empty', async () => {
    const { registry, counter } = await openRegion();
    for (const limit of [0, 10]) {
      await expect(registry.tags.list(app, { limit })).rejects.toMatchObject({ code: 'NAME_UNKNOWN', status: 404 });
    }
    await registry.catalog.ensure(app);
    expect(await registry.tags.list(app, { limit: 10 })).toEqual({ tags: [], next: undefined });
    counter.reset();
    expect(await registry.tags.list(app, { limit: 0 })).toEqual({ tags: [], next: undefined });
    expect(counter.calls()).toEqual({});
  });

  test('asks the catalog, once, only where it finds nothing', async () => {
    const { registry, counter, restart } = await openRegion();
    await pushSample(registry, app, sampleImage('a'), 'v1');
    const other = await restart();
    counter.reset();
    await other.tags.list(app, { limit: 10 });
    expect(counter.calls()).toEqual({ list: 1 });
    counter.reset();
    await other.tags.list(app, { after: 'v1', limit: 10 });
    expect(counter.calls()).toEqual({ list: 1, get: 1 });
  });

  test('never shows what belongs to another repository', async () => {
    const component = fc.constantFrom('i', 'm', 't', 's', 'f', 'a', 'sha256', 'a-i');
    const names = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(names.filter(isRepositoryName), { minLength: 2, maxLength: 8 }), async (all) => {
        const { registry } = await openRegion();
        for (const [i, repository] of all.entries()) {
          await pushSample(registry, repository, sampleImage(repository), `of-${i}`);
        }
        for (const [i, repository] of all.entries()) {
          expect((await registry.tags.list(repository, { limit: 100 })).tags).toEqual([`of-${i}`]);
        }
        const { repositories } = await registry.catalog.list({ limit: 100 });
        expect(repositories).toEqual([...all].sort());
      }),
      { numRuns: 15 },
    );
  });
});

describe('a tag', () => {
  test('that is deleted is gone at once, is journaled, and cannot be deleted twice', async () => {
    const { registry, counter } = await openRegion();
    const image = sampleImage('a');
    await pushSample(registry, app, image, 'v1');
    await registry.intents.idle();
    counter.reset();
    await registry.tags.delete(app, tag('v1'));
    await registry.intents.idle();
    expect(counter.log.map(({ op, key }) => `${op} ${key.split('/')[0]}`)).toEqual([
      'get r',
      'put r',
      'get r',
      'put r',
      'put jr',
      'delete r',
    ]);
    expect(await registry.tags.list(app, { limit: 10 })).toEqual({ tags: [], next: undefined });
    await expect(registry.manifests.head(app, { tag: tag('v1') })).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    await expect(registry.tags.delete(app, tag('v1'))).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    await expect(registry.tags.delete(app, tag('never'))).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    expect(await registry.manifests.head(app, { digest: image.digest })).toMatchObject({ digest: image.digest });
  });

  test('is found by what it names, and deleted only while it is as it was found', async () => {
    const { registry } = await openRegion();
    for (const one of ['v1', 'v2']) await registry.tags.set(app, tag(one), target('m'));
    await registry.tags.set(app, tag('v3'), target('other'));
    const found = await registry.tags.naming(app, digestOf('m'));
    expect([...found.keys()]).toEqual(['v1', 'v2']);
    await registry.tags.set(app, tag('v2'), target('m'));
    const deleted = [...found].map(([one, seen]) => registry.tags.deleteUnchanged(app, one, seen));
    expect(await Promise.all(deleted)).toEqual([true, false]);
    const again = [...found].map(([one, seen]) => registry.tags.deleteUnchanged(app, one, seen));
    expect(await Promise.all(again)).toEqual([false, false]);
  });

  test('is found among thousands that name other manifests by reading a few of them', async () => {
    const { registry, counter, memory } = await openRegion();
    for (const one of numbered('v', 3_000)) await registry.tags.set(app, one, target(one));
    const wanted = target('v001234');
    for (const one of ['also', 'short']) await registry.tags.set(app, tag(one), wanted);
    const short = await memory.get(keys.tag(app, tag('short')));
    const unpadded = Buffer.from(short?.body.toString().trimEnd() ?? '');
    const even = Buffer.concat([unpadded, Buffer.alloc(unpadded.length % 2, ' ')]);
    await memory.put(keys.tag(app, tag('short')), even, { blind: true });
    counter.reset();
    expect([...(await registry.tags.naming(app, wanted.digest)).keys()]).toEqual(['also', 'short', 'v001234']);
    expect(counter.calls()).toEqual({ list: 4, get: expect.any(Number) });
    expect(counter.calls().get).toBeLessThan(60);
  });

  test('moved by many at once ends where the last one moved it, and no writer is lost', async () => {
    const { registry, restart } = await openRegion();
    const replicas = [registry, await restart(), await restart()];
    await Promise.all(
      Array.from({ length: 30 }, async (_, i) => replicas[i % 3]?.tags.set(app, tag('latest'), target(`m${i}`))),
    );
    const register = await registry.tags.read(app, tag('latest'));
    expect(register?.siblings).toHaveLength(1);
    // Each write is later than the one it found: thirty writes under one reading of the clock are thirty steps of its counter.
    expect(register?.siblings[0]?.time).toMatch(/-001d$/);
  });
});

describe('the state of a tag in another region', () => {
  const remote = (value: TagTarget | undefined, now = 1): TagRegister =>
    writeRegister<TagTarget>(emptyRegister, 'us#1', now, value);

  test('creates the tag here, changes it here, or brings nothing new', async () => {
    const { registry, counter } = await openRegion();
    const first = remote(target('m1'));
    expect(await registry.tags.merge(app, tag('v1'), first)).toBe('created');
    expect(await registry.tags.merge(app, tag('v1'), first)).toBe('unchanged');
    expect(await registry.tags.merge(app, tag('v1'), writeRegister<TagTarget>(first, 'us#1', 2, target('m2')))).toBe(
      'merged',
    );
    expect(await registry.tags.merge(app, tag('v1'), first)).toBe('unchanged');
    const register = await registry.tags.read(app, tag('v1'));
    expect(register && liveValue(register)).toEqual(target('m2'));
    expect(counter.log.filter(({ key }) => key.startsWith('jr/'))).toEqual([]);
    expect((await registry.tags.list(app, { limit: 10 })).tags).toEqual(['v1']);
  });

  test('that is a delete leaves a push that did not see it', async () => {
    const { registry } = await openRegion();
    await registry.tags.set(app, tag('v1'), target('here'));
    await registry.tags.merge(app, tag('v1'), remote(undefined, Date.UTC(2030, 0)));
    const register = await registry.tags.read(app, tag('v1'));
    expect(register && liveValue(register)).toEqual(target('here'));
    await registry.catalog.ensure(app);
    expect((await registry.tags.list(app, { limit: 10 })).tags).toEqual(['v1']);
  });
});

describe('a delete with a condition', () => {
  const named = (text: string) => (current?: string) => current === digestOf(text);

  test('deletes the tag while it names what it should, and else says so', async () => {
    const { registry } = await openRegion();
    await registry.tags.set(app, tag('v1'), target('m'));
    const wrong = registry.tags.delete(app, tag('v1'), { onlyIf: named('x') });
    await expect(wrong).rejects.toMatchObject({ code: 'PRECONDITION_FAILED', status: 412 });
    await registry.tags.delete(app, tag('v1'), { onlyIf: named('m') });
    const gone = registry.tags.delete(app, tag('v1'), { onlyIf: named('m') });
    await expect(gone).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  });

  test('asks again at the moment of the change, and leaves no intent', async () => {
    const region = await openRegion();
    const { tags, intents } = region.registry;
    await tags.set(app, tag('v1'), target('m'));
    let asked = 0;
    const late = tags.delete(app, tag('v1'), { onlyIf: () => ++asked === 1 });
    await expect(late).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    expect(await tags.read(app, tag('v1')).then((register) => register && liveValue(register))).toEqual(target('m'));
    await intents.idle();
    expect(await intents.listLive(app)).toEqual([]);
  });
});
