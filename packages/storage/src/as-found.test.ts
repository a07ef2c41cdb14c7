import { asFound } from './as-found.js';
import { expect, test } from '@jest/globals';
import { MemoryStore } from './memory-store.js';
import { driverOf } from './object-store.js';
import { describeObjectStore } from './testing/index.js';

describeObjectStore('a store that is found to ignore the condition of a delete', async () => {
  const store = asFound(new MemoryStore(), { conditionalDelete: false });
  return { store, peer: new MemoryStore(), close: () => store.close() };
});

test('a store that is what it claims to be stays as it is', () => {
  const [whole, poor] = [new MemoryStore(), new MemoryStore({ conditionalDelete: false })];
  expect(asFound(whole, { conditionalDelete: true })).toBe(whole);
  expect(asFound(poor, { conditionalDelete: false })).toBe(poor);
  expect(driverOf(asFound(whole, { conditionalDelete: false }))).toBe(whole);
});
