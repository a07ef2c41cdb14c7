import { expect, test } from '@jest/globals';
import type { ReplicationLog } from '@atoll/replication';
import { IntentSettling } from './intent-settling.js';

const nothing = (): void => undefined;
const log: ReplicationLog = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Looks `looks` times, at intents of which so many are young. */
async function looksAt(young: number, looks: number): Promise<{ ages: unknown[]; stop: () => Promise<void> }> {
  const ages: unknown[] = [];
  let enough = (): void => undefined;
  const done = new Promise<void>((resolve) => (enough = resolve));
  const resolve = async (removeAfterMs: number, { settleOlderThanMs }: { settleOlderThanMs?: number } = {}) => {
    ages.push([removeAfterMs, settleOlderThanMs]);
    if (ages.length === looks) enough();
    return { resolved: 0, settled: 0, young };
  };
  const settling = new IntentSettling({
    intents: { resolve },
    log,
    everyMs: 3_600_000,
    removeAfterMs: 9_000,
    settleAfterMs: 5,
  });
  await done;
  return { ages, stop: () => settling.stop() };
}

test('intents too young at the start are looked at once more when they are old enough', async () => {
  const { ages, stop } = await looksAt(3, 2);
  // Time for a third look, which would be due by now.
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(ages).toEqual([
    [9_000, 5],
    [9_000, 5],
  ]);
  await stop();
});

test('where none is young one look is enough for an hour', async () => {
  const { ages, stop } = await looksAt(0, 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(ages).toHaveLength(1);
  await stop();
});
