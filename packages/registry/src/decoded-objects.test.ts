import { describe, expect, test } from '@jest/globals';
import { countCalls, MemoryStore } from '@atoll/storage';
import { DecodedObjects } from './decoded-objects.js';

const KEY = 'x/a';

/** Decodes to a new object every time, so that `toBe` tells whether it was decoded again. */
async function openObjects(maxBytes = 100_000) {
  const counter = countCalls(new MemoryStore());
  const decode = (body: Uint8Array) => ({ text: Buffer.from(body).toString() });
  const objects = new DecodedObjects(counter.store, { decode }, maxBytes);
  const write = (text: string, key = KEY) => counter.store.put(key, Buffer.from(text), { blind: true });
  await write('one');
  counter.reset();
  return { objects, counter, write };
}

describe('DecodedObjects', () => {
  test('decodes an object once, and asks the store at every read', async () => {
    const { objects, counter } = await openObjects();
    const first = await objects.read(KEY);
    expect(first).toEqual({ text: 'one' });
    expect(await objects.read(KEY)).toBe(first);
    expect(counter.calls()).toEqual({ get: 2 });
  });

  test('recalls what it has decoded where the store knows the version without being asked, and only while that lasts', async () => {
    const store = new MemoryStore();
    const objects = new DecodedObjects(store, { decode: (body) => Buffer.from(body).toString() }, 100_000);
    await store.put(KEY, Buffer.from('one'), { blind: true });
    expect(objects.recall(KEY)).toBeUndefined();
    await objects.read(KEY);
    expect(objects.recall(KEY)).toBe('one');
    await store.put(KEY, Buffer.from('two'), { blind: true });
    expect(objects.recall(KEY)).toBeUndefined();
    await objects.read(KEY);
    expect(objects.recall(KEY)).toBe('two');
    await store.delete(KEY, { blind: true });
    expect(objects.recall(KEY)).toBeUndefined();
  });

  test('recalls nothing where the store has to be asked', async () => {
    const { objects } = await openObjects();
    await objects.read(KEY);
    expect(objects.recall(KEY)).toBeUndefined();
  });

  test('answers what was written last, also when its bytes are those of before', async () => {
    const { objects, write } = await openObjects();
    const first = await objects.read(KEY);
    await write('two');
    expect(await objects.read(KEY)).toEqual({ text: 'two' });
    await write('one');
    const again = await objects.read(KEY);
    expect(again).toEqual(first);
    expect(again).not.toBe(first);
  });

  test('answers nothing for what was deleted, and what is written anew after it', async () => {
    const { objects, counter, write } = await openObjects();
    await objects.read(KEY);
    await counter.store.delete(KEY, { blind: true });
    expect(await objects.read(KEY)).toBeUndefined();
    await write('three');
    expect(await objects.read(KEY)).toEqual({ text: 'three' });
  });

  test('keeps no more than it may: what was not read for longest is decoded again', async () => {
    const { objects, write } = await openObjects(2500);
    await write('two', 'x/b');
    await write('three', 'x/c');
    const first = await objects.read(KEY);
    const second = await objects.read('x/b');
    expect(await objects.read(KEY)).toBe(first);
    await objects.read('x/c');
    expect(await objects.read(KEY)).toBe(first);
    expect(await objects.read('x/b')).not.toBe(second);
  });

  test('an object larger than all it may keep is decoded at every read', async () => {
    const { objects, write } = await openObjects(2500);
    await write('x'.repeat(3000));
    const first = await objects.read(KEY);
    expect(first?.text).toHaveLength(3000);
    expect(await objects.read(KEY)).not.toBe(first);
  });

  test('what cannot be decoded is told every time, and is kept from nobody once it is mended', async () => {
    const counter = countCalls(new MemoryStore());
    const decode = (body: Uint8Array): unknown => JSON.parse(Buffer.from(body).toString());
    const objects = new DecodedObjects(counter.store, { decode }, 100_000);
    await counter.store.put(KEY, Buffer.from('{'), { blind: true });
    await expect(objects.read(KEY)).rejects.toThrow(SyntaxError);
    await expect(objects.read(KEY)).rejects.toThrow(SyntaxError);
    await counter.store.put(KEY, Buffer.from('{}'), { blind: true });
    expect(await objects.read(KEY)).toEqual({});
  });
});
