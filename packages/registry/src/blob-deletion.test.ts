import { describe, expect, test } from '@jest/globals';
import { digestOf, type Descriptor } from '@atoll/core';
import { countCalls, keys, MemoryStore, type CallOptions, type ObjectStore } from '@atoll/storage';
import type { BlobReferences } from './blob-deletion.js';
import { Blobs } from './blobs.js';
import { Interleaving } from './testing/interleave.js';
import { chunks, keysUnder, pull, REPOSITORY, sampleBlob } from './testing/replicas.js';

const { bytes, digest } = sampleBlob(10);
const blob: Descriptor = { mediaType: 'application/octet-stream', digest, size: 10 };
const INTENT = keys.intent(REPOSITORY, '01ARZ3NDEKTSV4RRFFQ69G5FAV');
const MANIFEST = keys.manifest(REPOSITORY, digestOf('manifest'));

/** As many requests as each side makes at most before the order is of no more interest. */
const PUSHER_STEPS = 6;
const DELETER_STEPS = 7;

/** Every way in which the pusher's steps fall between the deleter's: how many of those come before each. */
function* orders(steps = PUSHER_STEPS, from = 0): Generator<number[]> {
  if (steps === 0) yield [];
  else
    for (let before = from; before <= DELETER_STEPS; before++) {
      for (const rest of orders(steps - 1, before)) yield [before, ...rest];
    }
}

function blobsOn(store: ObjectStore, who: 'careful' | 'hasty' = 'careful'): Blobs {
  const any = (prefix: string) => async (_repository: string, _digest: string, o: CallOptions) =>
    (await store.list(prefix, { limit: 1, signal: o.signal })).entries.length > 0;
  const intentsNaming = any(keys.intentsOf(REPOSITORY));
  const manifestsNaming = any(keys.manifestsOf(REPOSITORY));
  const references: BlobReferences =
    who === 'careful'
      ? { intentsNaming, manifestsNaming }
      : { intentsNaming: manifestsNaming, manifestsNaming: intentsNaming };
  return new Blobs({ store, references, catalog: { ensure: async () => undefined } });
}

/** A push as far as its blobs are concerned: intent, pin, manifest, intent gone. */
async function push(store: ObjectStore): Promise<'pushed' | 'refused'> {
  await store.put(INTENT, Buffer.from('{}'), { blind: true });
  const missing = await blobsOn(store).pin(REPOSITORY, [blob]);
  if (missing.length === 0) await store.put(MANIFEST, Buffer.from('{}'), { blind: true });
  await store.delete(INTENT, { blind: true });
  return missing.length === 0 ? 'pushed' : 'refused';
}

interface Race {
  readonly condemned?: boolean;
  readonly who?: 'careful' | 'hasty';
  readonly conditionalDelete?: boolean;
}

async function race(order: readonly number[], { condemned, who, conditionalDelete = true }: Race) {
  const memory = new MemoryStore({ conditionalDelete });
  await blobsOn(memory).store(REPOSITORY, digest, chunks(bytes));
  if (condemned) {
    const link = JSON.stringify({ v: 1, n: 'x', st: 'condemned', at: 0 });
    await memory.put(keys.link(REPOSITORY, digest), Buffer.from(link), { blind: true });
  }
  const turns = new Interleaving(memory);
  const [pusher, deleter] = [turns.storeOf(0), turns.storeOf(1)];
  const tasks = [() => push(pusher), () => blobsOn(deleter, who).delete(REPOSITORY, digest)] as const;
  const [pushed, deleted] = await turns.run(tasks, ([mine, theirs]) => (theirs < (order[mine] ?? 0) ? 1 : 0));
  const there = (await pull(memory, digest)) !== undefined;
  const named = (await keysUnder(memory, MANIFEST)).length > 0;
  return { pushed, deleted, there, named };
}

describe('a delete and a push of one blob', () => {
  test.each([
    { condemned: false, conditionalDelete: true },
    { condemned: true, conditionalDelete: true },
    { condemned: false, conditionalDelete: false },
    { condemned: true, conditionalDelete: false },
  ])(
    'in whatever order their requests fall, no manifest is without its blob (%o)',
    async (how) => {
      const outcomes = new Set<string>();
      for (const order of orders()) {
        const { pushed, deleted, there, named } = await race(order, how);
        if (named && !there) throw new Error(`a manifest lost its blob in the order ${order.join(' ')}`);
        const success = deleted && !('cause' in deleted);
        if (success && there)
          throw new Error(`a delete succeeded and the blob is there in the order ${order.join(' ')}`);
        outcomes.add(
          `${pushed && 'value' in pushed ? String(pushed.value) : 'failed'}, ${success ? 'deleted' : 'kept'}`,
        );
      }
      expect([...outcomes].sort()).toEqual(['pushed, kept', 'refused, deleted']);
    },
    120_000,
  );

  test.each([true, false])(
    'the check is able to see a fault: asked in the wrong order, the references lose a blob (conditional delete: %s)',
    async (conditionalDelete) => {
      let lost = false;
      for (const order of orders()) {
        const { there, named } = await race(order, { who: 'hasty', conditionalDelete });
        lost ||= named && !there;
        if (lost) break;
      }
      expect(lost).toBe(true);
    },
    120_000,
  );

  test('a delete goes by the mark of another, and does not undo it', async () => {
    const counter = countCalls(new MemoryStore());
    const { store } = counter;
    const blobs = blobsOn(store);
    await blobs.store(REPOSITORY, digest, chunks(bytes));
    const link = JSON.stringify({ v: 1, n: 'x', st: 'condemned', at: 0 });
    await store.put(keys.link(REPOSITORY, digest), Buffer.from(link), { blind: true });
    counter.reset();
    await blobs.delete(REPOSITORY, digest);
    expect(counter.calls()).not.toHaveProperty('put');
    expect(counter.calls()).toMatchObject({ delete: 1 });
    expect(await pull(store, digest)).toBeUndefined();
  });
});
