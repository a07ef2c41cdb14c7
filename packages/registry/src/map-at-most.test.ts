import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { mapAtMost } from './map-at-most.js';

describe('mapAtMost', () => {
  test.each([0, 1, 3, 4, 20])('%s items: never more than three at once, and the answers in order', async (count) => {
    let running = 0;
    let most = 0;
    const items = Array.from({ length: count }, (_, at) => at);
    const answers = await mapAtMost(3, items, async (item) => {
      most = Math.max(most, ++running);
      await setImmediate();
      running--;
      return item * 2;
    });
    expect(answers).toEqual(items.map((item) => item * 2));
    expect(most).toBe(Math.min(3, count));
  });

  test.each([1, 5])('fails with what fails among %s', async (count) => {
    const items = Array.from({ length: count }, (_, at) => at);
    const failing = mapAtMost(3, items, async (item) => {
      if (item === count - 1) throw new Error('the last one');
    });
    await expect(failing).rejects.toThrow('the last one');
  });
});
