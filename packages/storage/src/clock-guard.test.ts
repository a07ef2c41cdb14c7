import { expect, test } from '@jest/globals';
import { ClockGuard } from './clock-guard.js';

const NOW = Date.parse('2026-11-22T12:00:00.500Z');

function guard(): ClockGuard {
  return new ClockGuard({ now: () => NOW });
}

test('a clock is trusted once an answer has agreed with it', () => {
  const clock = guard();
  expect(clock.trusted).toBe(false);
  clock.check('store');
  clock.observe(undefined, NOW);
  clock.observe('not a date', NOW);
  expect(clock.trusted).toBe(false);
  clock.observe('Sun, 22 Nov 2026 12:00:00 GMT', NOW - 100);
  expect([clock.trusted, clock.skewMs]).toEqual([true, 0]);
});

test.each([
  ['Sun, 22 Nov 2026 11:59:00 GMT', "clock is 59 s ahead of the server's"],
  ['Sun, 22 Nov 2026 12:01:00 GMT', "clock is 60 s behind the server's"],
])('a clock that is off at %s is not', (date, sentence) => {
  const clock = guard();
  clock.observe(date, NOW - 10);
  expect(clock.trusted).toBe(false);
  expect(() => clock.check('store')).toThrow(sentence);
  clock.observe(new Date(NOW), NOW - 10);
  expect(() => clock.check('store')).not.toThrow();
});

test('an answer that took long proves nothing of the time it took', () => {
  const clock = guard();
  clock.observe(new Date(NOW - 50_000), NOW - 60_000);
  expect([clock.trusted, clock.skewMs]).toEqual([true, 0]);
});
