import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { silentLog } from '@atoll/replication';
import { Loop, type LoopParts } from './loop.js';

const LONG_MS = 60_000;
const loops: Loop[] = [];

function loop(parts: Partial<LoopParts> & Pick<LoopParts, 'step'>): Loop {
  const made = new Loop({ name: 'test', everyMs: LONG_MS, log: silentLog, ...parts });
  loops.push(made);
  return made;
}

afterEach(() => Promise.all(loops.splice(0).map((one) => one.stop())));

test('steps follow each other at once while there is more to do', async () => {
  let left = 3;
  await loop({ step: async () => --left > 0 }).settled();
  expect(left).toBeLessThanOrEqual(0);
});

test('without work and without being woken, it rests', async () => {
  let steps = 0;
  const one = loop({ step: async () => ++steps < 0 });
  await one.settled();
  const before = steps;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(steps).toBe(before);
  one.wake();
  await one.settled();
  expect(steps).toBeGreaterThan(before);
});

test('being woken while it works makes it look once more', async () => {
  const seen: boolean[] = [];
  let pending = false;
  const one: Loop = loop({
    step: async () => {
      seen.push(pending);
      if (seen.length === 1) {
        pending = true;
        one.wake();
      }
      return false;
    },
  });
  while (!seen.includes(true)) await new Promise((resolve) => setTimeout(resolve, 1));
});

test('a burst of wakes is one step', async () => {
  let steps = 0;
  const one = loop({ step: async () => ++steps < 0, gatherMs: 300 });
  await one.settled();
  const before = steps;
  for (let i = 0; i < 10; i++) {
    one.wake();
    await nextTurn();
  }
  await one.settled();
  expect(steps - before).toBeLessThanOrEqual(2);
});

test('whatever is thrown, it goes on, and says so once', async () => {
  const lines: unknown[] = [];
  let steps = 0;
  const one = loop({
    step: async () => {
      if (++steps < 5) throw new Error('store away');
      return false;
    },
    backoff: () => 1,
    log: { ...silentLog, warn: (message, facts) => lines.push([message, facts?.['reason']]) },
  });
  while (steps < 5) await new Promise((resolve) => setTimeout(resolve, 1));
  await one.settled();
  expect(lines).toEqual([['test failed, will try again', 'Error: store away']]);
});

test('stopping tells the step under way and waits for it', async () => {
  let ended = false;
  const one = loop({
    step: (signal) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () =>
          setTimeout(() => {
            ended = true;
            resolve(true);
          }, 5),
        ),
      ),
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  await one.stop();
  expect(ended).toBe(true);
});
