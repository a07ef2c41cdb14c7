import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareKeys, lowerBound } from './key-order.js';

describe('compareKeys', () => {
  test('orders any two texts as their UTF-8 bytes', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, (left, right) => {
        expect(Math.sign(compareKeys(left, right))).toBe(Buffer.compare(Buffer.from(left), Buffer.from(right)));
      }),
    );
  });

  test('orders a character beyond 16 bits after every other', () => {
    expect(compareKeys('\u{1f600}', '\uffff')).toBeGreaterThan(0);
  });
});

test('lowerBound finds where a key stands or would stand', () => {
  const keys = ['a', 'c', 'e'];
  expect(['', 'a', 'b', 'e', 'f'].map((key) => lowerBound(keys, key))).toEqual([0, 0, 1, 2, 3]);
});
