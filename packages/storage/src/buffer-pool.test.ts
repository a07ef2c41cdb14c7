import { expect, jest, test } from '@jest/globals';
import { BufferPool } from './buffer-pool.js';

test('what is given back is taken again, and no more is kept than it may', () => {
  const pool = new BufferPool(1024, 2);
  const taken = [pool.take(), pool.take(), pool.take()];
  const memory = taken.map(({ buffer }) => buffer);
  pool.give(...taken);
  const again = [pool.take(), pool.take(), pool.take()].map(({ buffer }) => buffer);
  expect(again.filter((one) => memory.includes(one))).toHaveLength(2);
  expect(memory.map(({ byteLength }) => byteLength)).toEqual([1024, 1024, 0]);
});

test('knows bytes at the front of what it has lent, as long as it is lent', () => {
  const pool = new BufferPool(1024, 2);
  const taken = pool.take();
  expect(pool.hasLent(taken)).toBe(true);
  expect(pool.hasLent(taken.subarray(0, 10))).toBe(true);
  expect(pool.hasLent(taken.subarray(1))).toBe(false);
  expect(pool.hasLent(Buffer.alloc(1024))).toBe(false);
  pool.give(taken);
  expect(pool.hasLent(taken)).toBe(false);
});

test('what is given back twice is taken once', () => {
  const pool = new BufferPool(1024, 2);
  const taken = pool.take();
  pool.give(taken);
  pool.give(taken);
  expect(pool.take()).toBe(taken);
  expect(pool.take()).not.toBe(taken);
});

test('memory that went to another thread is not taken again, unless it comes back', () => {
  const pool = new BufferPool(1024, 2);
  const taken = pool.take();
  const elsewhere = taken.buffer.transfer();
  pool.give(taken);
  expect(pool.take().length).toBe(1024);
  pool.adopt(Buffer.from(elsewhere));
  expect(pool.take().buffer).toBe(elsewhere);
});

test('what nobody has needed for some seconds is let go, and what is needed stays', () => {
  jest.useFakeTimers();
  try {
    const pool = new BufferPool(1024, 10);
    const taken = [pool.take(), pool.take(), pool.take()];
    const memory = taken.map(({ buffer }) => buffer);
    const kept = () => memory.filter(({ byteLength }) => byteLength > 0).length;
    pool.give(...taken);
    jest.advanceTimersByTime(5000);
    expect(kept()).toBe(3);
    pool.give(pool.take());
    jest.advanceTimersByTime(5000);
    expect(kept()).toBe(1);
    jest.advanceTimersByTime(5000);
    expect(kept()).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  } finally {
    jest.useRealTimers();
  }
});
