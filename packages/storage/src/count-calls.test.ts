import { expect, test } from '@jest/globals';
import { countCalls } from './count-calls.js';
import { MemoryStore } from './memory-store.js';

test('countCalls tells what was called since the last reset', async () => {
  const counter = countCalls(new MemoryStore());
  await counter.store.put('a', Buffer.from('x'), { blind: true });
  await counter.store.get('a');
  await counter.store.get('b');
  expect(counter.calls()).toEqual({ put: 1, get: 2 });
  expect(counter.log).toEqual([
    { op: 'put', key: 'a' },
    { op: 'get', key: 'a' },
    { op: 'get', key: 'b' },
  ]);
  counter.reset();
  expect(counter.calls()).toEqual({});
});
