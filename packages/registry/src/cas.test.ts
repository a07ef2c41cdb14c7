import { MemoryStore, countCalls } from '@atoll/storage';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { z } from 'zod';
import { updateObject } from './cas.js';
import { jsonCodec } from './json-object.js';

const codec = jsonCodec<{ count: number }>(z.object({ count: z.int() }));
const increment = (old: { count: number } | undefined) => ({ count: (old?.count ?? 0) + 1 });

afterEach(() => {
  jest.restoreAllMocks();
});

describe('updateObject', () => {
  test('creates what is not there with one read and one write', async () => {
    const counter = countCalls(new MemoryStore());
    expect(await updateObject(counter.store, 'k', codec, increment)).toMatchObject({
      value: { count: 1 },
      outcome: 'created',
    });
    expect(counter.calls()).toEqual({ get: 1, put: 1 });
  });

  test('creates what is probably new without a read, and reads only when it is not', async () => {
    const counter = countCalls(new MemoryStore());
    await updateObject(counter.store, 'k', codec, increment, { probablyNew: true });
    expect(counter.calls()).toEqual({ put: 1 });
    counter.reset();
    const again = await updateObject(counter.store, 'k', codec, increment, { probablyNew: true });
    expect(again).toMatchObject({ value: { count: 2 }, outcome: 'replaced' });
    expect(counter.calls()).toEqual({ put: 2, get: 1 });
  });

  test('writes nothing when nothing is to change, and answers what stands', async () => {
    const counter = countCalls(new MemoryStore());
    expect(await updateObject(counter.store, 'k', codec, () => undefined)).toBeUndefined();
    await updateObject(counter.store, 'k', codec, increment);
    const same = await updateObject(counter.store, 'k', codec, () => undefined);
    expect(same).toMatchObject({ value: { count: 1 }, outcome: 'unchanged' });
    expect(counter.calls().put).toBe(1);
  });

  test('loses none of many increments at once', async () => {
    const store = new MemoryStore();
    await Promise.all(Array.from({ length: 25 }, () => updateObject(store, 'k', codec, increment)));
    expect(await updateObject(store, 'k', codec, () => undefined)).toMatchObject({ value: { count: 25 } });
  });

  test('starts over when the object is deleted in between', async () => {
    const memory = new MemoryStore();
    await updateObject(memory, 'k', codec, increment);
    let deleted = false;
    const store = {
      get: memory.get.bind(memory),
      put: async (...put: Parameters<typeof memory.put>) => {
        if (!deleted) await memory.delete('k', { blind: true });
        deleted = true;
        return memory.put(...put);
      },
    };
    expect(await updateObject(store, 'k', codec, increment)).toMatchObject({ value: { count: 1 }, outcome: 'created' });
  });

  test('gives up on a name that others never stop writing, and tells when to try again', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0);
    const store = { get: async () => undefined, put: async () => 'conflict' as const };
    await expect(updateObject(store, 'k', codec, increment)).rejects.toMatchObject({
      code: 'TOOMANYREQUESTS',
      status: 429,
      more: { headers: { 'Retry-After': '2' } },
    });
  });

  test('stops waiting when its caller does', async () => {
    const store = { get: async () => undefined, put: async () => 'conflict' as const };
    const signal = AbortSignal.timeout(5);
    await expect(updateObject(store, 'k', codec, increment, { signal })).rejects.toThrow(/abort/);
  });
});
