import { expect, test } from '@jest/globals';
import { sizeInRange } from './size-in-range.js';

test.each([
  ['bytes 5-9/100', 100],
  ['bytes */0', 0],
  ['bytes 5-9/*', undefined],
  [undefined, undefined],
])('Content-Range: %p is of an object of %p bytes', (range, sizeBytes) => {
  expect(sizeInRange(range)).toBe(sizeBytes);
});
