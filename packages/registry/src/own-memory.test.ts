import { expect, test } from '@jest/globals';
import { ownMemory } from './own-memory.js';

test('what is kept keeps no more memory than its own', () => {
  const small = Buffer.from('a few bytes');
  expect(small.buffer.byteLength).toBeGreaterThan(small.length);
  const own = ownMemory(small);
  expect(own).toEqual(small);
  expect(own.buffer.byteLength).toBe(small.length);
});
