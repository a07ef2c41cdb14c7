import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseByteRange } from './byte-range.js';

test.each([
  ['no header', undefined, 'whole'],
  ['a part', 'bytes=500-1499', { start: 500, end: 1500 }],
  ['to the end', 'bytes=500-', { start: 500, end: 2048 }],
  ['the last ones', 'bytes=-500', { start: 1548, end: 2048 }],
  ['more last ones than there are', 'bytes=-5000', { start: 0, end: 2048 }],
  ['past the end', 'bytes=2000-5000', { start: 2000, end: 2048 }],
  ['everything', 'bytes=0-', { start: 0, end: 2048 }],
  ['the first byte', 'bytes=0-0', { start: 0, end: 1 }],
  ['the last byte', 'bytes=2047-2047', { start: 2047, end: 2048 }],
  ['backwards', 'bytes=500-0', 'unsatisfiable'],
  ['behind the end', 'bytes=5000-10000', 'unsatisfiable'],
  ['at the end', 'bytes=2048-', 'unsatisfiable'],
  ['the last none', 'bytes=-0', 'unsatisfiable'],
  ['beyond exact numbers', `bytes=${'9'.repeat(40)}-`, 'unsatisfiable'],
  ['a last byte beyond exact numbers', `bytes=1-${'9'.repeat(400)}`, { start: 1, end: 2048 }],
  ['spaces', 'bytes= 1-2 ', { start: 1, end: 3 }],
  ['another case', 'Bytes=1-2', { start: 1, end: 3 }],
  ['several', 'bytes=0-9,20-29', 'whole'],
  ['several, with faults', 'bytes=0-9,x', 'whole'],
  ['another unit', 'items=0-9', 'whole'],
  ['no numbers', 'bytes=-', 'whole'],
  ['words', 'bytes=a-b', 'whole'],
  ['a sign', 'bytes=+1-2', 'whole'],
  ['nothing', '', 'whole'],
] as const)('%s of 2048 bytes', (_what, header, expected) => expect(parseByteRange(header, 2048)).toEqual(expected));

test.each(['bytes=0-', 'bytes=-1', 'bytes=0-0', 'bytes=5-'])('%s of no bytes is the whole', (header) => {
  expect(parseByteRange(header, 0)).toBe('whole');
});

test('a part lies within the object and is never empty', () => {
  const header = fc.tuple(fc.nat(5000), fc.nat(5000)).map(([first, last]) => `bytes=${first}-${last}`);
  fc.assert(
    fc.property(fc.oneof(header, fc.string()), fc.nat(4000), (header, sizeBytes) => {
      const range = parseByteRange(header, sizeBytes);
      if (typeof range === 'string') return;
      expect(range.start).toBeGreaterThanOrEqual(0);
      expect(range.end).toBeLessThanOrEqual(sizeBytes);
      expect(range.start).toBeLessThan(range.end);
    }),
  );
});
