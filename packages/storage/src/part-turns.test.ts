import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { PartTurns } from './part-turns.js';

test('no more tasks run at once than have turns, and whoever waits is told when it begins', async () => {
  const turns = new PartTurns(2);
  const ends: (() => void)[] = [];
  const running = () => new Promise<void>((resolve) => ends.push(resolve));
  const [first] = await Promise.all([turns.begin(running), turns.begin(running)]);
  let begun = false;
  const third = turns.begin(running).then((one) => {
    begun = true;
    return one;
  });
  await setImmediate();
  expect([ends.length, begun]).toEqual([2, false]);
  ends[0]?.();
  await first.done;
  await third;
  expect(ends.length).toBe(3);
});

test('a task that fails gives its turn back, and its failure to whoever asks', async () => {
  const turns = new PartTurns(1);
  const fault = new Error('no');
  const failed = await turns.begin(() => Promise.reject(fault));
  expect(await turns.run(() => Promise.resolve('next'))).toBe('next');
  await expect(failed.done).rejects.toBe(fault);
});
