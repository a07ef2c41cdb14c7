import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isHybridTime, millisecondsOf, nextHybridTime, type HybridTime } from './hybrid-time.js';

const MAX_MILLISECONDS = 0xffffffffffff;
const milliseconds = fc.oneof(
  fc.nat(5),
  fc.maxSafeNat().map((n) => n % (MAX_MILLISECONDS - 1_000)),
);

test('a first reading is the clock’s', () => {
  const time = nextHybridTime(1_795_305_600_000, []);
  expect(time).toBe('01a2008d7400-0000');
  expect(millisecondsOf(time)).toBe(1_795_305_600_000);
});

test('readings of one millisecond count up', () => {
  const first = nextHybridTime(5, []);
  const second = nextHybridTime(5, [first]);
  expect([first, second, nextHybridTime(5, [first, second])]).toEqual([
    '000000000005-0000',
    '000000000005-0001',
    '000000000005-0002',
  ]);
});

test('a full counter carries into the milliseconds', () => {
  expect(nextHybridTime(5, [reading('000000000005-ffff')])).toBe('000000000006-0000');
});

test('a reading is after everything seen, whatever the clock says', () => {
  fc.assert(
    fc.property(fc.array(milliseconds, { minLength: 1 }), (clock) => {
      const seen: HybridTime[] = [];
      for (const now of clock) {
        const time = nextHybridTime(now, seen);
        expect(isHybridTime(time)).toBe(true);
        expect(millisecondsOf(time)).toBeGreaterThanOrEqual(now);
        expect(seen.every((earlier) => earlier < time)).toBe(true);
        seen.push(time);
      }
    }),
  );
});

test('what was seen may come in any order', () => {
  const times = fc.array(milliseconds.map((now) => nextHybridTime(now, [])));
  fc.assert(
    fc.property(milliseconds, times, (now, seen) => {
      expect(nextHybridTime(now, seen)).toBe(nextHybridTime(now, [...seen].sort()));
    }),
  );
});

test('readings sort as text as their milliseconds rank', () => {
  fc.assert(
    fc.property(milliseconds, milliseconds, (a, b) => {
      expect(nextHybridTime(a, []) < nextHybridTime(b, [])).toBe(a < b);
    }),
  );
});

test('a fraction of a millisecond is dropped', () => {
  expect(nextHybridTime(1.9, [])).toBe('000000000001-0000');
});

describe('no clock says', () => {
  test.each([-1, NaN, Infinity, MAX_MILLISECONDS + 1])('%d', (now) => {
    expect(() => nextHybridTime(now, [])).toThrow(RangeError);
  });
});

describe('not a reading:', () => {
  test.each([
    '',
    '0',
    '000000000005',
    '000000000005-000',
    '000000000005_0000',
    '00000000000A-0000',
    '000000000005-0000\n',
  ])('%j', (text) => {
    expect(isHybridTime(text)).toBe(false);
  });
});

function reading(text: string): HybridTime {
  if (!isHybridTime(text)) throw new Error(`not a reading: ${text}`);
  return text;
}
