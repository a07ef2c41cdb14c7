import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { digestOf, parseTag } from '@atoll/core';
import { Registry } from '@atoll/registry';
import { countCalls, keys, type ObjectStore, type ReadableStore } from '@atoll/storage';
import { exponentialBackoff } from './backoff.js';
import { ChangeApplier } from './change-applier.js';
import { Consumer } from './consumer.js';
import { DirtyRepositories } from './dirty-repositories.js';
import { InProcessQueue } from './in-process-queue.js';
import { Sequencer } from './sequencer.js';
import { APP, IMAGE, keysUnder, openRegion, type TestRegion } from './testing/test-region.js';

const LAYER = Buffer.from(Array.from({ length: 1_000 }, (_, at) => (at * 7) % 251));
const CHECKPOINT_BYTES = 128;
/** A checkpoint, and the parts on their way. */
const MOST_LOST_BYTES = CHECKPOINT_BYTES + 5 * 16;
/** The one that comparisons have. */
const DIRTY_BACKOFF = { firstMs: 5_000, mostMs: 600_000 };
const FOR_EVER = new Promise<never>(() => undefined);
const COPIES = { leastBytes: 500, sizes: { partBytes: 16, checkpointBytes: CHECKPOINT_BYTES } };
/** As S3 and Cloud Storage take them, where a copy belongs to whoever wrote to it last. */
const PARTS = { streamed: false, equal: false, minBytes: 8, maxCount: 10_000 };

interface Worker {
  readonly consumer: Consumer;
  readonly dirty: DirtyRepositories;
  /** What it read of the layer so far. */
  layerBytes(): number;
}

/** A process of its own on us' bucket. When it has read so much of the layer, nothing of it goes on: neither saves nor timers. */
function startWorker(us: TestRegion, eu: TestRegion, o: { diesAt?: number; random?: number } = {}): Worker {
  const { clock, identity } = us;
  const { diesAt = Infinity, random = 1 } = o;
  let layerBytes = 0;
  const isDead = () => layerBytes >= diesAt;
  const watched = async function* (body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      for (let at = 0; at < chunk.length; at += 10) {
        const piece = chunk.subarray(at, at + 10);
        layerBytes += piece.length;
        if (isDead()) await FOR_EVER;
        yield piece;
      }
    }
  };
  const open: ReadableStore['open'] = async (...args) => {
    const opened = await eu.memory.open(...args);
    if (opened?.info.sizeBytes !== LAYER.length) return opened;
    return { ...opened, body: Readable.from(watched(opened.body as AsyncIterable<Uint8Array>)) };
  };
  const peer = { ...countCalls(eu.memory).store, wraps: undefined, open };
  const store = mortal(us.memory, isDead);
  const registry = new Registry({ store, identity, clock, copies: COPIES });
  const queue = new InProcessQueue({ backoff: () => 0 });
  const applier = new ChangeApplier({ registry, clock, peers: new Map([['eu', peer]]) });
  queue.process(applier.apply, { concurrency: 4 });
  const backoff = exponentialBackoff({ ...DIRTY_BACKOFF, random: () => random });
  const common = { source: 'eu', store, queue, clock };
  const dirty = new DirtyRepositories({ ...common, backoff });
  const consumer = new Consumer({ ...common, peer, shard: 0, dirty });
  return { consumer, dirty, layerBytes: () => layerBytes };
}

function mortal(store: ObjectStore, isDead: () => boolean): ObjectStore {
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => (isDead() ? FOR_EVER : Reflect.apply(value, target, args));
    },
  });
}

async function pushLarge(eu: TestRegion): Promise<void> {
  const config = Buffer.from('{}');
  for (const blob of [config, LAYER]) await eu.registry.blobs.store(APP, digestOf(blob), once(blob));
  const named = (blob: Buffer) => ({
    mediaType: 'application/octet-stream',
    digest: digestOf(blob),
    size: blob.length,
  });
  const document = { schemaVersion: 2, mediaType: IMAGE, config: named(config), layers: [named(LAYER)] };
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = digestOf(bytes);
  await eu.registry.manifests.put(APP, { reference: { digest }, tags: [parseTag('v1')], contentType: IMAGE, bytes });
  await new Sequencer({ store: eu.memory, shards: 1, clock: eu.clock }).step(0);
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Compares every 5 s, as a worker does, until nothing is marked. */
async function secondsUntilClean(us: TestRegion, worker: Worker): Promise<number> {
  for (let seconds = 0; ; seconds += 5) {
    if ((await worker.dirty.step()).cleaned > 0) return seconds;
    if (seconds > 3_600) throw new Error('it is not taken in within an hour');
    us.clock.advance(5_000);
  }
}

test.each([
  // 5 + 10 + 20 + 40 + 80 + 160 s, and with the pauses a quarter shorter 320 * 0.75 s more, on a clock of 5 s.
  { random: 1, expected: 315, what: 'with the longest pauses' },
  { random: 0, expected: 480, what: 'with the shortest, of which one more is needed' },
])(
  'what a killed worker was bringing is left for five minutes, marked, and goes on where it was: $what',
  async ({ random, expected }) => {
    const eu = await openRegion('eu');
    const us = await openRegion('us', eu.clock, { parts: PARTS });
    await pushLarge(eu);
    const killed = startWorker(us, eu, { diesAt: 600 });
    const stopped = new AbortController();
    const step = killed.consumer.step({ signal: stopped.signal });
    while (killed.layerBytes() < 600) await nextTurn();

    const other = startWorker(us, eu, { random });
    expect(await other.consumer.step()).toBe(1);
    expect(await keysUnder(us, keys.dirtyMarkers('eu'))).toHaveLength(1);
    expect(other.layerBytes()).toBe(0);
    expect(await secondsUntilClean(us, other)).toBe(expected);
    expect(other.layerBytes()).toBeLessThanOrEqual(LAYER.length - 600 + MOST_LOST_BYTES);
    const brought = await us.registry.blobs.stat(APP, digestOf(LAYER));
    expect((await us.memory.get(brought.dataKey))?.body).toEqual(LAYER);
    expect(await us.registry.tags.read(APP, parseTag('v1'))).toBeDefined();
    expect(await keysUnder(us, keys.dirtyMarkers('eu'))).toEqual([]);
    stopped.abort();
    await expect(step).rejects.toThrow();
  },
);
