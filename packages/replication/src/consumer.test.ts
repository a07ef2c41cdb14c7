import { expect, test } from '@jest/globals';
import { parseTag } from '@atoll/core';
import { Consumer } from './consumer.js';
import { DirtyRepositories } from './dirty-repositories.js';
import { readWatermark } from './journal-objects.js';
import type { Job } from './job.js';
import type { Outcome } from './job-queue.js';
import { Sequencer } from './sequencer.js';
import { APP, keysUnder, openRegion, push, ScriptedQueue, type TestRegion } from './testing/test-region.js';

const DAY_MS = 24 * 60 * 60 * 1000;

interface Pair {
  readonly eu: TestRegion;
  readonly us: TestRegion;
  readonly queue: ScriptedQueue;
  readonly sequencer: Sequencer;
  consumer(): Consumer;
  /** Journals a change of each tag in a segment of its own. */
  seal(...tags: string[]): Promise<void>;
}

async function pair(): Promise<Pair> {
  const eu = await openRegion('eu');
  const us = await openRegion('us', eu.clock);
  const queue = new ScriptedQueue();
  const { clock } = eu;
  const store = us.counter.store;
  const sequencer = new Sequencer({ store: eu.memory, shards: 1, clock });
  const dirty = new DirtyRepositories({ source: 'eu', store, queue, clock });
  const parts = { source: 'eu', peer: eu.counter.store, shard: 0, store, queue, dirty, clock };
  return {
    eu,
    us,
    queue,
    sequencer,
    consumer: () => new Consumer({ ...parts, headEveryMs: 0 }),
    seal: async (...tags) => {
      for (const tag of tags) {
        await eu.registry.journal.append(APP, [{ kind: 'tag', tag: parseTag(tag) }], { requestId: `r-${tag}` });
        await sequencer.step(0);
      }
    },
  };
}

async function watermark({ us }: Pair): Promise<number | undefined> {
  return (await readWatermark(us.memory, 'eu', 0))?.next;
}

async function stepUntilIdle(consumer: Consumer): Promise<void> {
  while ((await consumer.step()) > 0);
}

function tagsOf(jobs: readonly Job[]): string[] {
  return jobs.map((job) => (job.kind === 'tag' ? job.tag : job.kind));
}

test('every change becomes a job with the request it came from, and the watermark follows', async () => {
  const two = await pair();
  await two.seal('a', 'b', 'c');
  await stepUntilIdle(two.consumer());
  expect(tagsOf(two.queue.given)).toEqual(['a', 'b', 'c']);
  expect(two.queue.given.map(({ requestId }) => requestId)).toEqual(['r-a', 'r-b', 'r-c']);
  expect(await watermark(two)).toBe(4);
});

test('with nothing new, one request to the peer is all', async () => {
  const two = await pair();
  const consumer = new Consumer({
    ...{ source: 'eu', peer: two.eu.counter.store, shard: 0, store: two.us.counter.store, queue: two.queue },
    dirty: new DirtyRepositories({ source: 'eu', store: two.us.counter.store, queue: two.queue }),
    clock: two.eu.clock,
  });
  await two.seal('a');
  await stepUntilIdle(consumer);
  two.eu.counter.reset();
  two.us.counter.reset();
  expect(await consumer.step()).toBe(0);
  expect(two.eu.counter.calls()).toEqual({ get: 1 });
  expect(two.us.counter.calls()).toEqual({});
});

test('a name that changed often is one job, under the last segment, with the first acknowledgement', async () => {
  const two = await pair();
  await two.seal('a');
  const consumer = two.consumer();
  await consumer.step();
  const at = two.eu.clock.now();
  await two.seal('b');
  two.eu.clock.advance(5);
  await two.seal('b');
  await stepUntilIdle(consumer);
  const jobs = two.queue.given.slice(1);
  expect(tagsOf(jobs)).toEqual(['b']);
  expect(jobs[0]).toMatchObject({ segment: 3, acknowledgedAtMs: at });
});

test('a new process goes on from the watermark', async () => {
  const two = await pair();
  await two.seal('a');
  await stepUntilIdle(two.consumer());
  await two.seal('b');
  await stepUntilIdle(two.consumer());
  expect(tagsOf(two.queue.given)).toEqual(['a', 'b']);
});

test('what another worker of the region has applied is not done again', async () => {
  const two = await pair();
  const slow = two.consumer();
  await slow.step();
  await two.seal('a', 'b');
  await stepUntilIdle(two.consumer());
  await stepUntilIdle(slow);
  expect(tagsOf(two.queue.given)).toEqual(['a', 'b']);
});

test('a worker that looked away while others read on and segments were retired marks nothing', async () => {
  const two = await pair();
  const slow = two.consumer();
  await slow.step();
  await push(two.eu, 'image', 'v1');
  await two.seal('a');
  await stepUntilIdle(two.consumer());
  two.eu.clock.advance(15 * DAY_MS);
  await two.sequencer.retire();
  await stepUntilIdle(slow);
  expect(await keysUnder(two.us, 'q/')).toEqual([]);
  expect(await watermark(two)).toBe(2);
});

test.each(['failed', 'late'] as const)(
  'a %s change marks its repository before the watermark moves',
  async (outcome) => {
    const two = await pair();
    await two.seal('a');
    two.queue.outcome = () => Promise.resolve(outcome);
    two.us.faults.push({ op: 'put', key: 'p/eu/', when: 'before' });
    await expect(two.consumer().step()).rejects.toThrow();
    expect((await keysUnder(two.us, 'q/eu/')).length).toBe(1);
    expect(await watermark(two)).toBeUndefined();
    two.us.faults.length = 0;
    await stepUntilIdle(two.consumer());
    expect(await watermark(two)).toBe(2);
  },
);

test('the watermark does not move when a mark cannot be written', async () => {
  const two = await pair();
  await two.seal('a');
  two.queue.outcome = () => Promise.resolve('failed');
  two.us.faults.push({ op: 'put', key: 'q/eu/', when: 'before' });
  const consumer = two.consumer();
  await expect(consumer.step()).rejects.toThrow();
  expect(await watermark(two)).toBeUndefined();
  two.us.faults.length = 0;
  two.queue.outcome = () => Promise.resolve('done');
  await stepUntilIdle(consumer);
  expect(tagsOf(two.queue.given)).toEqual(['a', 'a']);
  expect(await watermark(two)).toBe(2);
});

test('later segments begin while an earlier one runs, and the watermark waits for it', async () => {
  const two = await pair();
  await two.seal('slow', 'quick');
  let release = (_: Outcome): void => undefined;
  const slow = new Promise<Outcome>((resolve) => (release = resolve));
  two.queue.outcome = async (job) => (job.kind === 'tag' && job.tag === 'slow' ? slow : 'done');
  const consumer = two.consumer();
  const first = await consumer.read();
  const second = await consumer.read();
  expect(tagsOf(two.queue.given)).toEqual(['slow', 'quick']);
  expect(await watermark(two)).toBeUndefined();
  release('done');
  await Promise.all([first?.applied, second?.applied]);
  expect(await watermark(two)).toBe(3);
});

test('when an earlier segment fails, a later one does not move the watermark past it', async () => {
  const two = await pair();
  await two.seal('bad', 'good');
  two.queue.outcome = async (job) => {
    if (job.kind === 'tag' && job.tag === 'bad') throw new Error('the queue broke');
    return 'done';
  };
  const consumer = two.consumer();
  const first = await consumer.read();
  const second = await consumer.read();
  const ended = await Promise.allSettled([first?.applied ?? 'nothing', second?.applied ?? 'nothing']);
  expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await watermark(two)).toBeUndefined();
  two.queue.outcome = () => Promise.resolve('done');
  await stepUntilIdle(consumer);
  expect(await watermark(two)).toBe(3);
});

test('a region that fell behind the floor compares every repository, then follows again', async () => {
  const two = await pair();
  await push(two.eu, 'image', 'v1');
  await two.seal('a');
  two.eu.clock.advance(15 * DAY_MS);
  await two.sequencer.retire();
  const consumer = two.consumer();
  await stepUntilIdle(consumer);
  expect((await keysUnder(two.us, 'q/eu/')).length).toBe(1);
  expect(two.queue.given).toEqual([]);
  await two.seal('b');
  await stepUntilIdle(consumer);
  expect(tagsOf(two.queue.given)).toEqual(['b']);
});

test('a peer whose journal has begun anew is compared as a whole', async () => {
  const two = await pair();
  await push(two.eu, 'image', 'v1');
  await two.seal('a', 'b', 'c');
  await stepUntilIdle(two.consumer());
  for (const key of [...(await keysUnder(two.eu, 'js/')), 'jh/0']) await two.eu.memory.delete(key, { blind: true });
  await two.seal('d');
  const consumer = two.consumer();
  await stepUntilIdle(consumer);
  expect((await keysUnder(two.us, 'q/eu/')).length).toBe(1);
  expect(await watermark(two)).toBe(2);
});

test('a segment whose head has not moved yet is read all the same', async () => {
  const two = await pair();
  await two.seal('a');
  await two.eu.memory.delete('jh/0', { blind: true });
  const consumer = two.consumer();
  await stepUntilIdle(consumer);
  expect(await watermark(two)).toBe(2);
  expect(await keysUnder(two.us, 'q/eu/')).toEqual([]);
});
