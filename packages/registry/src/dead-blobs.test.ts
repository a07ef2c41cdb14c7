import { describe, expect, test } from '@jest/globals';
import { parseRepositoryName, RegistryError } from '@atoll/core';
import { keys, MemoryStore } from '@atoll/storage';
import fc from 'fast-check';
import { findBlob } from './blob-location.js';
import { Blobs } from './blobs.js';
import { Interleaving } from './testing/interleave.js';
import { chunks, dataPrefix, keysUnder, openReplicas, pull, REPOSITORY, sampleBlob } from './testing/replicas.js';

const OTHER = parseRepositoryName('other/app');
const REPOSITORIES = [REPOSITORY, OTHER];
const { bytes, digest } = sampleBlob(40);
const DEAD = { v: 1, n: 'x', st: 'dead', at: 0 };

const withoutConditionalDelete = (options: Parameters<typeof openReplicas>[0] = {}) =>
  openReplicas({ ...options, conditionalDelete: false });

async function put(memory: MemoryStore, key: string, json: object): Promise<void> {
  await memory.put(key, Buffer.from(JSON.stringify(json)), { blind: true });
}

describe('a store that cannot delete one version only', () => {
  test('a deleted blob keeps its link as a tombstone, and is gone for everyone', async () => {
    const { start, memory, counter } = withoutConditionalDelete();
    const { blobs } = start();
    await blobs.store(REPOSITORY, digest, chunks(bytes));
    counter.reset();
    await blobs.delete(REPOSITORY, digest);
    expect(counter.calls().delete).toBeUndefined();
    expect(await keysUnder(memory, 'l/')).toEqual([keys.link(REPOSITORY, digest)]);
    for (const process of [blobs, start().blobs]) {
      expect(await process.find(REPOSITORY, digest)).toBeUndefined();
      expect(await process.touch(REPOSITORY, digest)).toBeUndefined();
      expect(await process.mount(OTHER, digest, REPOSITORY)).toBeUndefined();
      expect(await process.pin(REPOSITORY, [{ mediaType: 'a/b', digest, size: 40 }])).toEqual([digest]);
      await expect(process.delete(REPOSITORY, digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    }
    expect(await findBlob(memory, REPOSITORY, digest)).toBeUndefined();
  });

  test('a deleted blob comes back by an upload, and can be deleted again', async () => {
    const { blobs } = withoutConditionalDelete().start();
    for (let round = 0; round < 3; round++) {
      await blobs.store(REPOSITORY, digest, chunks(bytes));
      expect(await blobs.find(REPOSITORY, digest)).toBeDefined();
      await blobs.delete(REPOSITORY, digest);
      expect(await blobs.find(REPOSITORY, digest)).toBeUndefined();
    }
  });

  test('the home of a blob that was deleted there is forgotten', async () => {
    const { blobs } = withoutConditionalDelete().start();
    await blobs.store(REPOSITORY, digest, chunks(bytes));
    await blobs.delete(REPOSITORY, digest);
    expect(await blobs.mountFromHome(OTHER, digest, async () => true)).toBeUndefined();
    await blobs.store(OTHER, digest, chunks(bytes));
    expect(await blobs.mountFromHome(REPOSITORY, digest, async () => true)).toBeDefined();
  });

  test('expired upload sessions go', async () => {
    const { start, memory, clock } = withoutConditionalDelete();
    const { uploads } = start();
    const id = uploads.start(REPOSITORY);
    await uploads.append(REPOSITORY, id, chunks(bytes), undefined);
    clock.advance(100 * 86_400_000);
    expect(await uploads.sweep({})).toEqual({ removed: 1 });
    expect(await keysUnder(memory, '')).toEqual([]);
  });

  test('whatever is done in whatever order, it answers as a store does that can', async () => {
    const step = fc.record({
      what: fc.constantFrom('store', 'delete', 'mount', 'touch', 'mountFromHome', 'find'),
      where: fc.constantFrom(0, 1),
      process: fc.constantFrom(0, 1),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const answers = await Promise.all(
          [true, false].map(async (conditionalDelete) => {
            const { start } = openReplicas({ conditionalDelete });
            const processes = [start().blobs, start().blobs];
            const told: unknown[] = [];
            for (const { what, where, process } of steps) told.push(await act(processes[process], what, where));
            return told;
          }),
        );
        expect(answers[1]).toEqual(answers[0]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a dead record', () => {
  const dead = { ...DEAD, data: 'd/old', size: 40 };

  test('is no record for whoever reads, mounts or pins', async () => {
    const { start, memory } = openReplicas();
    const { blobs } = start();
    await put(memory, keys.record(digest), dead);
    await put(memory, keys.link(REPOSITORY, digest), { ...DEAD, st: 'live' });
    expect(await blobs.find(REPOSITORY, digest)).toBeUndefined();
    expect(await findBlob(memory, REPOSITORY, digest)).toBeUndefined();
    expect(await blobs.mount(OTHER, digest, REPOSITORY)).toBeUndefined();
    expect(await blobs.pin(REPOSITORY, [{ mediaType: 'a/b', digest, size: 40 }])).toEqual([digest]);
  });

  test('lives again only with the bytes of a new upload', async () => {
    const { start, memory } = openReplicas();
    const { blobs } = start();
    await put(memory, keys.record(digest), dead);
    const { dataKey } = await blobs.store(REPOSITORY, digest, chunks(bytes));
    expect(dataKey).not.toBe('d/old');
    expect(await pull(memory, digest)).toEqual(bytes);
    expect(await keysUnder(memory, dataPrefix)).toEqual([dataKey]);
  });

  test('is not revived by an old upload that is closed again, whose bytes are about to go', async () => {
    const { start, memory } = openReplicas();
    const { blobs } = start();
    await put(memory, keys.record(digest), dead);
    await expect(blobs.adopt(REPOSITORY, digest, 'd/old', 40)).rejects.toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN' });
    expect(await blobs.find(REPOSITORY, digest)).toBeUndefined();
  });
});

test('an upload and a delete at once, in whatever order: the blob is there, or it was deleted, and can be pushed again', async () => {
  for (const order of orders(7, 6)) {
    const memory = new MemoryStore({ conditionalDelete: false });
    const on = (store: ConstructorParameters<typeof Blobs>[0]['store']) =>
      new Blobs({
        store,
        references: { intentsNaming: async () => false, manifestsNaming: async () => false },
        catalog: { ensure: async () => undefined },
      });
    await on(memory).store(REPOSITORY, digest, chunks(bytes));
    const turns = new Interleaving(memory);
    const [uploader, deleter] = [on(turns.storeOf(0)), on(turns.storeOf(1))];
    const tasks = [
      () => uploader.store(REPOSITORY, digest, chunks(bytes)),
      () => deleter.delete(REPOSITORY, digest),
    ] as const;
    const [uploaded, deleted] = await turns.run(tasks, ([mine, theirs]) => (theirs < (order[mine] ?? 0) ? 1 : 0));
    if (uploaded && 'cause' in uploaded) throw uploaded.cause;
    const there = await pull(memory, digest);
    const success = deleted !== undefined && !('cause' in deleted);
    if (there === undefined && !success) throw new Error(`the blob was lost in the order ${order.join(' ')}`);
    await on(memory).store(REPOSITORY, digest, chunks(bytes));
    expect(await pull(memory, digest)).toEqual(bytes);
    expect(await keysUnder(memory, dataPrefix)).toHaveLength(1);
  }
}, 120_000);

/** Every way in which one side's steps fall between the other's. */
function* orders(theirs: number, steps: number, from = 0): Generator<number[]> {
  if (steps === 0) yield [];
  else
    for (let before = from; before <= theirs; before++)
      for (const rest of orders(theirs, steps - 1, before)) yield [before, ...rest];
}

async function act(blobs: Blobs | undefined, what: string, where: number): Promise<unknown> {
  const [here = REPOSITORY, there = OTHER] = where === 0 ? REPOSITORIES : REPOSITORIES.toReversed();
  const isThere = async (found: Promise<unknown> | undefined) => (await found) !== undefined;
  try {
    switch (what) {
      case 'store':
        return await isThere(blobs?.store(here, digest, chunks(bytes)));
      case 'delete':
        return await blobs?.delete(here, digest);
      case 'mount':
        return await isThere(blobs?.mount(here, digest, there));
      case 'touch':
        return await isThere(blobs?.touch(here, digest));
      case 'mountFromHome':
        return await isThere(blobs?.mountFromHome(here, digest, async () => true));
      default:
        return await isThere(blobs?.find(here, digest));
    }
  } catch (cause) {
    if (cause instanceof RegistryError) return cause.code;
    throw cause;
  }
}
