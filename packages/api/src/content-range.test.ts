import { expect, test } from '@jest/globals';
import { parseContentRange } from './content-range.js';

test.each([
  ['0-1023', 1024, { start: 0, sizeBytes: 1024 }],
  ['5-5', 1, { start: 5, sizeBytes: 1 }],
  ['bytes 10-19/100', 10, { start: 10, sizeBytes: 10 }],
  ['bytes 10-19/*', undefined, { start: 10, sizeBytes: 10 }],
  ['bytes=10-19', undefined, { start: 10, sizeBytes: 10 }],
  ['10-19/20', undefined, { start: 10, sizeBytes: 10 }],
])('%s with a length of %p', (header, length, range) => expect(parseContentRange(header, length)).toEqual(range));

test.each([
  ['9-0', undefined],
  ['0-9', 9],
  ['0-9', 11],
  ['0-9', 0],
  ['', undefined],
  ['-5', undefined],
  ['5-', undefined],
  ['a-b', undefined],
  ['0-1, 0-1', undefined],
  ['0--1', undefined],
  ['0x1-5', undefined],
  [`0-${'9'.repeat(30)}`, undefined],
  [`${'9'.repeat(400)}-${'9'.repeat(400)}`, undefined],
])('%p with a length of %p is refused', (header, length) => {
  expect(() => parseContentRange(header, length)).toThrow(expect.objectContaining({ code: 'SIZE_INVALID' }));
});

test('no header is no range', () => expect(parseContentRange(undefined, 5)).toBeUndefined());
