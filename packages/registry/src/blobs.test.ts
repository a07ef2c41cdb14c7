import { describe, expect, test } from '@jest/globals';
import { digestOf, parseRepositoryName, type Descriptor, type Digest } from '@atoll/core';
import { keys, type ObjectStore } from '@atoll/storage';
import { chunks, dataPrefix, keysUnder, openReplicas, pull, REPOSITORY, sampleBlob } from './testing/replicas.js';

const OTHER = parseRepositoryName('other/app');
const { bytes, digest } = sampleBlob(40);
const descriptor = (of: Digest, size: number): Descriptor => ({
  mediaType: 'application/octet-stream',
  digest: of,
  size,
});
const HOUR_MS = 3_600_000;

async function withBlob(options: Parameters<typeof openReplicas>[0] = {}) {
  const region = openReplicas(options);
  const stored = await region.start().blobs.store(REPOSITORY, digest, chunks(bytes));
  const process = region.start();
  region.counter.reset();
  region.ensured.length = 0;
  return { ...region, ...process, stored };
}

async function linkOf(region: Awaited<ReturnType<typeof withBlob>>, repository = REPOSITORY): Promise<unknown> {
  const found = await region.memory.get(keys.link(repository, digest));
  return found && JSON.parse(found.body.toString());
}

const anyone = async (): Promise<boolean> => true;

async function recordIn(store: ObjectStore): Promise<Record<string, unknown>> {
  const found = await store.get(keys.record(digest));
  return JSON.parse(found?.body.toString() ?? '{}') as Record<string, unknown>;
}

async function rewrite(region: Awaited<ReturnType<typeof withBlob>>, key: string, change: object): Promise<void> {
  const found = await region.memory.get(key);
  const json: unknown = JSON.parse(found?.body.toString() ?? '{}');
  await region.memory.put(key, Buffer.from(JSON.stringify(Object.assign({}, json, change))), { blind: true });
}

describe('Blobs', () => {
  test('a blob is found by its link and its record, and the record is asked for once', async () => {
    const { blobs, counter, stored } = await withBlob();
    expect(await blobs.find(REPOSITORY, digest)).toEqual(stored);
    expect(counter.calls()).toEqual({ get: 2 });
    counter.reset();
    expect(await blobs.find(REPOSITORY, digest)).toEqual(stored);
    expect(await blobs.find(OTHER, digest)).toBeUndefined();
    expect(counter.calls()).toEqual({ get: 2 });
    await expect(blobs.stat(OTHER, digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
  });

  test('a blob that is being looked at by a collector reads as ever', async () => {
    const region = await withBlob();
    await rewrite(region, keys.link(REPOSITORY, digest), { st: 'condemned' });
    await rewrite(region, keys.record(digest), { st: 'condemned' });
    expect(await region.blobs.find(REPOSITORY, digest)).toEqual(region.stored);
  });

  test('a range of a blob is read, and nothing more', async () => {
    const { blobs, stored } = await withBlob();
    const body = await blobs.open(stored, { start: 3, end: 9 });
    expect(Buffer.concat((await body.toArray()) as Buffer[])).toEqual(bytes.subarray(3, 9));
  });

  test('a blob whose record was collected and written anew since it was read is found again', async () => {
    const region = await withBlob();
    const old = await region.blobs.stat(REPOSITORY, digest);
    await region.memory.delete(keys.record(digest), { blind: true });
    await region.memory.delete(old.dataKey, { blind: true });
    await expect(region.blobs.open(old)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    await region.start().blobs.store(REPOSITORY, digest, chunks(bytes));
    (await region.blobs.open(old)).destroy();
  });

  test('a mount copies nothing: link and record are read, the link is written, the record is read again', async () => {
    const { blobs, counter, stored, memory, ensured } = await withBlob();
    expect(await blobs.mount(OTHER, digest, REPOSITORY)).toEqual(stored);
    expect(counter.log.map(({ op, key }) => `${op} ${key[0]}`)).toEqual(['get l', 'get b', 'put l', 'get b']);
    expect(ensured).toEqual([OTHER]);
    expect(await pull(memory, digest, OTHER)).toEqual(bytes);
    expect(await blobs.mount(OTHER, digest, REPOSITORY)).toEqual(stored);
  });

  test('a mount of what the target has needs no source, and of what nobody has makes nothing', async () => {
    const { blobs, stored, memory } = await withBlob();
    expect(await blobs.mount(REPOSITORY, digest, undefined)).toEqual(stored);
    expect(await blobs.mount(REPOSITORY, digest, OTHER)).toEqual(stored);
    const before = await keysUnder(memory, '');
    expect(await blobs.mount(OTHER, digest, undefined)).toBeUndefined();
    expect(await blobs.mount(OTHER, digestOf('none'), REPOSITORY)).toBeUndefined();
    expect(await keysUnder(memory, '')).toEqual(before);
  });

  test('a mount without a source takes the repository that the record names, if the client may pull there', async () => {
    const { blobs, counter, stored, memory, ensured } = await withBlob();
    const asked: string[] = [];
    const maySecondTime = async (home: string) => asked.push(home) > 1;
    const before = await keysUnder(memory, '');
    expect(await blobs.mountFromHome(OTHER, digest, maySecondTime)).toBeUndefined();
    expect(await keysUnder(memory, '')).toEqual(before);
    counter.reset();
    expect(await blobs.mountFromHome(OTHER, digest, maySecondTime)).toEqual(stored);
    expect(counter.log.map(({ op, key }) => `${op} ${key[0]}`)).toEqual(['get l', 'get b', 'get l', 'put l', 'get b']);
    expect(asked).toEqual([REPOSITORY, REPOSITORY]);
    expect(ensured).toEqual([OTHER]);
    expect(await pull(memory, digest, OTHER)).toEqual(bytes);
    expect(await blobs.mountFromHome(OTHER, digest, async () => false)).toEqual(stored);
  });

  test('a record whose home lost the blob finds nothing, and the next repository that gets it becomes the home', async () => {
    const { blobs, memory } = await withBlob();
    await blobs.delete(REPOSITORY, digest);
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await blobs.mountFromHome(OTHER, digest, anyone)).toBeUndefined();
      expect(await blobs.find(OTHER, digest)).toBeUndefined();
      expect((await recordIn(memory)).home).toBeUndefined();
    }
    await blobs.store(OTHER, digest, chunks(bytes));
    expect(await recordIn(memory)).toMatchObject({ st: 'live', home: OTHER });
    expect(await blobs.mountFromHome(REPOSITORY, digest, anyone)).toBeDefined();
    expect(await recordIn(memory)).toMatchObject({ home: OTHER });
  });

  test.each(['before', 'after'] as const)(
    'a mount without a source that dies %s any of its calls shows the blob whole or not at all, and works when repeated',
    async (when) => {
      for (let nth = 1; nth <= 5; nth++) {
        const region = await withBlob();
        region.faults.push({ nth, when });
        await expect(region.blobs.mountFromHome(OTHER, digest, anyone)).rejects.toMatchObject({ kind: 'unavailable' });
        region.faults.length = 0;
        const later = region.start().blobs;
        const seen = await later.find(OTHER, digest);
        if (seen) expect(await pull(region.memory, digest, OTHER)).toEqual(bytes);
        expect(await later.mountFromHome(OTHER, digest, anyone)).toEqual(region.stored);
        expect(await pull(region.memory, digest, OTHER)).toEqual(bytes);
      }
    },
  );

  test.each(['before', 'after'] as const)(
    'forgetting a lost home that dies %s its write leaves no blob',
    async (when) => {
      const region = await withBlob();
      await region.blobs.delete(REPOSITORY, digest);
      region.faults.push({ op: 'put', when });
      const mounting = region.blobs.mountFromHome(OTHER, digest, anyone);
      await mounting.catch(() => undefined);
      region.faults.length = 0;
      const later = region.start().blobs;
      expect(await later.find(OTHER, digest)).toBeUndefined();
      expect(await later.mountFromHome(OTHER, digest, anyone)).toBeUndefined();
    },
  );

  test('interest in an old blob starts its grace period again, and saves it from a collector', async () => {
    const region = await withBlob();
    const { blobs, clock, counter, stored } = region;
    expect(await blobs.touch(REPOSITORY, digest)).toEqual(stored);
    expect(counter.calls()).toEqual({ get: 2 });
    clock.advance(13 * HOUR_MS);
    await blobs.touch(REPOSITORY, digest);
    expect(await linkOf(region)).toMatchObject({ st: 'live', at: clock.now() });
    await rewrite(region, keys.link(REPOSITORY, digest), { st: 'condemned' });
    await blobs.touch(REPOSITORY, digest);
    expect(await linkOf(region)).toMatchObject({ st: 'live' });
    expect(await blobs.touch(OTHER, digest)).toBeUndefined();
  });

  test('pins tell what is missing, save what is condemned and refuse a wrong size', async () => {
    const region = await withBlob();
    const { blobs, memory } = region;
    const absent = digestOf('absent');
    const pins = [descriptor(digest, 40), descriptor(absent, 6), descriptor(digest, 40)];
    expect(await blobs.pin(REPOSITORY, pins)).toEqual([absent]);
    expect(region.counter.calls()).toEqual({ get: 3 });
    await rewrite(region, keys.link(REPOSITORY, digest), { st: 'condemned' });
    await rewrite(region, keys.record(digest), { st: 'condemned' });
    expect(await blobs.pin(REPOSITORY, [descriptor(digest, 40)])).toEqual([]);
    expect(await linkOf(region)).toMatchObject({ st: 'live' });
    expect(JSON.parse((await memory.get(keys.record(digest)))?.body.toString() ?? '')).toMatchObject({ st: 'live' });
    const wrong = blobs.pin(REPOSITORY, [descriptor(digest, 40), descriptor(digest, 41)]);
    await expect(wrong).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
    await memory.delete(keys.record(digest), { blind: true });
    expect(await blobs.pin(REPOSITORY, [descriptor(digest, 40)])).toEqual([digest]);
  });

  test('content that comes again frees its own bytes and saves a condemned record', async () => {
    const region = await withBlob();
    await rewrite(region, keys.link(REPOSITORY, digest), { st: 'condemned' });
    await rewrite(region, keys.record(digest), { st: 'condemned' });
    expect(await region.blobs.store(REPOSITORY, digest, chunks(bytes))).toEqual(region.stored);
    expect(await linkOf(region)).toMatchObject({ st: 'live' });
    expect(await keysUnder(region.memory, dataPrefix)).toEqual([region.stored.dataKey]);
  });

  test('adopting the same bytes again keeps them', async () => {
    const { blobs, stored, memory } = await withBlob();
    expect(await blobs.adopt(REPOSITORY, digest, stored.dataKey, 40)).toEqual(stored);
    expect(await pull(memory, digest)).toEqual(bytes);
  });
});

describe('Blobs, delete', () => {
  test('a deleted blob is gone at once here, and stays in other repositories', async () => {
    const { blobs, memory, start } = await withBlob();
    await blobs.mount(OTHER, digest, REPOSITORY);
    const elsewhere = start();
    await elsewhere.blobs.stat(REPOSITORY, digest);
    await blobs.delete(REPOSITORY, digest);
    await expect(elsewhere.blobs.stat(REPOSITORY, digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    await expect(blobs.delete(REPOSITORY, digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    expect(await pull(memory, digest, OTHER)).toEqual(bytes);
  });

  test.each(['intentsNaming', 'manifestsNaming'] as const)('%s the blob, it stays and is live', async (who) => {
    const asked: string[] = [];
    const ask = (name: string) => async () => {
      asked.push(name);
      return name === who;
    };
    const references = { intentsNaming: ask('intentsNaming'), manifestsNaming: ask('manifestsNaming') };
    const region = await withBlob({ references });
    await expect(region.blobs.delete(REPOSITORY, digest)).rejects.toMatchObject({ code: 'UNSUPPORTED', status: 405 });
    expect(await linkOf(region)).toMatchObject({ st: 'live' });
    expect(asked).toEqual(['intentsNaming', 'manifestsNaming'].slice(0, asked.length));
    expect(asked.at(-1)).toBe(who);
  });

  test('a delete that died halfway is completed by the next one', async () => {
    const region = await withBlob();
    region.faults.push({ op: 'delete', nth: 1, when: 'before' });
    await expect(region.blobs.delete(REPOSITORY, digest)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await pull(region.memory, digest)).toEqual(bytes);
    await region.start().blobs.delete(REPOSITORY, digest);
    expect(await pull(region.memory, digest)).toBeUndefined();
  });

  test('two deletes at once agree', async () => {
    const { start, memory } = await withBlob();
    const results = await Promise.allSettled([0, 1].map(() => start().blobs.delete(REPOSITORY, digest)));
    expect(results.map(({ status }) => status)).toContain('fulfilled');
    expect(await pull(memory, digest)).toBeUndefined();
  });
});
