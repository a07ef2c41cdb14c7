import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BullQueue } from './bull-queue.js';
import { InProcessQueue } from './in-process-queue.js';
import { describeJobQueue, tagJob } from './testing/describe-job-queue.js';
import { RedisServer } from './testing/redis-server.js';

const waitMs = 20_000;
const quick = { attempts: 4, backoff: () => 5 };

describeJobQueue('InProcessQueue', () => new InProcessQueue(quick));

describe('on a real Redis', () => {
  let redis: RedisServer;
  let opened = 0;
  const open = (): BullQueue => new BullQueue({ url: redis.url, region: `r${opened++}`, resendMs: 200, ...quick });

  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.kill());

  describeJobQueue('BullQueue', open);

  test('every job is heard of although Redis is flushed in the middle', async () => {
    const queue = open();
    const runs = new Map<string, number>();
    queue.process(
      async (job) => {
        const tag = job.kind === 'tag' ? job.tag : '';
        runs.set(tag, (runs.get(tag) ?? 0) + 1);
        if (runs.size === 30 || runs.size === 100) await redis.flush();
      },
      { concurrency: 2 },
    );
    const jobs = Array.from({ length: 200 }, (_, i) => tagJob(`t${i}`));
    expect(await queue.run(jobs, { waitMs })).toEqual(jobs.map(() => 'done'));
    expect(runs.size).toBe(200);
    await queue.close();
  });

  test('every job is heard of although Redis is killed and starts empty in the middle', async () => {
    const queue = open();
    const seen = new Set<string>();
    let killed: Promise<void> | undefined;
    queue.process(
      async (job) => {
        seen.add(job.kind === 'tag' ? job.tag : '');
        if (seen.size === 50) killed ??= redis.kill().then(() => redis.start());
      },
      { concurrency: 2 },
    );
    const jobs = Array.from({ length: 200 }, (_, i) => tagJob(`t${i}`));
    expect(await queue.run(jobs, { waitMs })).toEqual(jobs.map(() => 'done'));
    expect(killed).toBeDefined();
    await queue.close();
  });

  test('a second worker takes over what a closed one has left', async () => {
    const first = open();
    const second = new BullQueue({ url: redis.url, region: `r${opened - 1}`, resendMs: 200, ...quick });
    second.process(async () => undefined, { concurrency: 2 });
    const jobs = Array.from({ length: 20 }, (_, i) => tagJob(`t${i}`));
    expect(await first.run(jobs, { waitMs })).toEqual(jobs.map(() => 'done'));
    await Promise.all([first.close(), second.close()]);
  });

  test('without Redis a run is late, the counts are unknown, closing works, and one line is logged', async () => {
    const lines: string[] = [];
    const note = (message: string): number => lines.push(message);
    const log = { debug: () => 0, info: note, warn: note, error: note };
    const queue = new BullQueue({ url: 'redis://127.0.0.1:1', region: 'gone', resendMs: 50, log });
    queue.process(async () => undefined, { concurrency: 2 });
    expect(await queue.run([tagJob('a')], { waitMs: 500 })).toEqual(['late']);
    expect(await queue.counts()).toBeUndefined();
    await queue.close({ drainMs: 100 });
    expect(lines.length).toBe(1);
  });

  test('a queue that is closed without Redis keeps the process no longer than a second', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    const queue = new BullQueue({ url: 'redis://127.0.0.1:1', region: 'left', resendMs: 50 });
    queue.process(async () => undefined, { concurrency: 2 });
    await queue.run([tagJob('a')], { waitMs: 200 });
    await queue.close({ drainMs: 100 });
    await sleep(900);
    expect(timers()).toBeLessThanOrEqual(before);
  });
});
