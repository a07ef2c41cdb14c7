import { expect, test } from '@jest/globals';
import { Attempts, type RetryPlan } from './attempts.js';

const plan: RetryPlan = { attempts: 3, firstPauseMs: 1, maxPauseMs: 2, withinMs: 1_000 };
const passing = { passing: true, throttled: false, more: {} };

test('as many attempts are made as the plan says', async () => {
  const attempts = new Attempts(plan, undefined);
  expect([await attempts.another(passing), await attempts.another(passing), await attempts.another(passing)]).toEqual([
    true,
    true,
    false,
  ]);
});

test('what does not pass is not tried again', async () => {
  expect(await new Attempts(plan, undefined).another({ ...passing, passing: false })).toBe(false);
});

test('a pause that would end too late does not begin', async () => {
  const begun = performance.now();
  expect(await new Attempts(plan, undefined).another({ ...passing, more: { retryAfterMs: 5_000 } })).toBe(false);
  expect(performance.now() - begun).toBeLessThan(1_000);
});

test('a pause is as long as the server asks for, and ends with the signal', async () => {
  const begun = performance.now();
  expect(await new Attempts(plan, undefined).another({ ...passing, more: { retryAfterMs: 100 } })).toBe(true);
  expect(performance.now() - begun).toBeGreaterThanOrEqual(99);
  const reason = new Error('enough');
  const controller = new AbortController();
  const waiting = new Attempts(plan, controller.signal).another({ ...passing, more: { retryAfterMs: 900 } });
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});
