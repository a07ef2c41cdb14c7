import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseRepositoryName, parseTag, RegistryError } from '@atoll/core';
import type { Job } from '../job.js';
import type { JobQueue } from '../job-queue.js';

export function tagJob(tag: string, more: Partial<Job> = {}): Job {
  return {
    kind: 'tag',
    source: 'eu',
    repository: parseRepositoryName('team/app'),
    tag: parseTag(tag),
    shard: 0,
    segment: 1,
    nonce: 'n',
    deadlineMs: Date.now() + 60_000,
    ...more,
  } as Job;
}

function repositoryJob(name: string): Job {
  const { source, shard, segment, nonce, deadlineMs } = tagJob('x');
  return { kind: 'repository', source, repository: parseRepositoryName(name), shard, segment, nonce, deadlineMs };
}

const waitMs = 20_000;

/** Everything the consumer relies on, for each queue there is. `open` gives an empty queue that retries at once. */
export function describeJobQueue(name: string, open: () => Promise<JobQueue> | JobQueue): void {
  describe(name, () => {
    let queue: JobQueue;
    beforeEach(async () => {
      queue = await open();
    });
    afterEach(() => queue.close({ drainMs: 100 }));

    test('runs every job and tells how each ended, in the order of asking', async () => {
      const seen = new Set<string>();
      queue.process(
        async (job) => {
          if (job.kind === 'tag') seen.add(job.tag);
          if (job.kind === 'tag' && job.tag === 'bad') throw new RegistryError('MANIFEST_INVALID', 'never');
        },
        { concurrency: 4 },
      );
      const outcomes = await queue.run([tagJob('a'), tagJob('bad'), tagJob('b')], { waitMs });
      expect(outcomes).toEqual(['done', 'failed', 'done']);
      expect(seen).toEqual(new Set(['a', 'b', 'bad']));
    });

    test('hands a job over with all its fields', async () => {
      const job = tagJob('v1', { requestId: 'r-1', acknowledgedAtMs: 5 });
      const seen: Job[] = [];
      queue.process(async (given) => void seen.push(given), { concurrency: 1 });
      await queue.run([job], { waitMs });
      expect(seen).toEqual([job]);
    });

    test('tries again what failed for a while', async () => {
      let attempts = 0;
      queue.process(
        async () => {
          attempts += 1;
          if (attempts < 3) throw new Error('not yet');
        },
        { concurrency: 1 },
      );
      expect(await queue.run([tagJob('a')], { waitMs })).toEqual(['done']);
      expect(attempts).toBe(3);
    });

    test('gives up after its number of attempts', async () => {
      let attempts = 0;
      const fail = async (): Promise<void> => {
        attempts += 1;
        throw new Error('never');
      };
      queue.process(fail, { concurrency: 1 });
      expect(await queue.run([tagJob('a')], { waitMs })).toEqual(['failed']);
      expect(attempts).toBe(4);
    });

    test('adds a job that is waiting or active only once, and tells everyone who asked', async () => {
      let runs = 0;
      let release = (): void => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      const work = async (): Promise<void> => {
        runs += 1;
        await gate;
      };
      queue.process(work, { concurrency: 4 });
      const both = [queue.run([tagJob('a')], { waitMs }), queue.run([tagJob('a')], { waitMs })];
      while (runs === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      release();
      expect(await Promise.all(both)).toEqual([['done'], ['done']]);
      expect(runs).toBe(1);
    });

    test('the same name in a later segment is a job of its own', async () => {
      let runs = 0;
      queue.process(async () => void (runs += 1), { concurrency: 1 });
      await queue.run([tagJob('a', { segment: 1 }), tagJob('a', { segment: 2 })], { waitMs });
      expect(runs).toBe(2);
    });

    test('a job that has ended can be added again', async () => {
      let runs = 0;
      queue.process(async () => void (runs += 1), { concurrency: 1 });
      await queue.run([tagJob('a')], { waitMs });
      await queue.run([tagJob('a', { segment: 2 })], { waitMs });
      expect(runs).toBe(2);
    });

    test('runs no more jobs at once than it may', async () => {
      let active = 0;
      let most = 0;
      const work = async (): Promise<void> => {
        most = Math.max(most, ++active);
        await new Promise((resolve) => setTimeout(resolve, 5));
        active -= 1;
      };
      queue.process(work, { concurrency: 3 });
      const jobs = Array.from({ length: 20 }, (_, i) => tagJob(`t${i}`));
      expect(await queue.run(jobs, { waitMs })).toEqual(jobs.map(() => 'done'));
      expect(most).toBe(3);
    });

    test('names that just changed go before whole repositories', async () => {
      const order: string[] = [];
      const run = queue.run([repositoryJob('a'), repositoryJob('b'), tagJob('t')], { waitMs });
      while ((await queue.counts())?.waiting !== 3) await new Promise((resolve) => setTimeout(resolve, 5));
      queue.process(async (job) => void order.push(job.kind), { concurrency: 1 });
      await run;
      expect(order).toEqual(['tag', 'repository', 'repository']);
    });

    test('says late of a job that nobody has run in time, and keeps it', async () => {
      expect(await queue.run([tagJob('a')], { waitMs: 50 })).toEqual(['late']);
      expect(await queue.counts()).toEqual({ waiting: 1, active: 0 });
      let runs = 0;
      queue.process(async () => void (runs += 1), { concurrency: 1 });
      expect(await queue.run([tagJob('a')], { waitMs })).toEqual(['done']);
      expect(runs).toBe(1);
    });

    test('waiting stops when the caller stops', async () => {
      const stop = new AbortController();
      const run = queue.run([tagJob('a')], { waitMs, signal: stop.signal });
      stop.abort(new Error('enough'));
      await expect(run).rejects.toThrow('enough');
    });

    test('closing lets an active job end', async () => {
      let ended = false;
      let begun = false;
      const work = async (): Promise<void> => {
        begun = true;
        await new Promise((resolve) => setTimeout(resolve, 30));
        ended = true;
      };
      queue.process(work, { concurrency: 1 });
      void queue.run([tagJob('a')], { waitMs });
      while (!begun) await new Promise((resolve) => setTimeout(resolve, 5));
      await queue.close({ drainMs: 5000 });
      expect(ended).toBe(true);
    });

    test('closing aborts a job that does not end in time', async () => {
      let begun = false;
      let reason: unknown;
      queue.process(
        (_job, { signal }) => {
          begun = true;
          return new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => {
              reason = signal.reason;
              reject(new Error('aborted'));
            }),
          );
        },
        { concurrency: 1 },
      );
      void queue.run([tagJob('a')], { waitMs });
      while (!begun) await new Promise((resolve) => setTimeout(resolve, 5));
      await queue.close({ drainMs: 20 });
      expect(reason).toBeInstanceOf(Error);
    });
  });
}
