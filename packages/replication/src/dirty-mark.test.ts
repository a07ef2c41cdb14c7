import { expect, test } from '@jest/globals';
import { keys, MemoryStore } from '@atoll/storage';
import { clearMark, dirtyMark, isDirtyMark } from './dirty-mark.js';
import { APP } from './testing/test-region.js';

const KEY = keys.dirtyMarker('eu', APP);

async function marked(conditionalDelete: boolean) {
  const store = new MemoryStore({ conditionalDelete });
  await store.put(KEY, dirtyMark(0, ''), { blind: true });
  const before = await store.head(KEY);
  if (before === undefined) throw new Error('no mark');
  const isDirty = async () => {
    const mark = await store.head(KEY);
    return mark !== undefined && isDirtyMark(mark);
  };
  return { store, before, isDirty };
}

test.each([true, false])('a mark is cleared, and made again (conditional delete: %s)', async (conditionalDelete) => {
  const { store, before, isDirty } = await marked(conditionalDelete);
  expect(await isDirty()).toBe(true);
  await clearMark(store, before);
  expect(await isDirty()).toBe(false);
  expect((await store.head(KEY)) === undefined).toBe(conditionalDelete);
  await clearMark(store, before);
  expect(await isDirty()).toBe(false);
  await store.put(KEY, dirtyMark(1, 'again'), { blind: true });
  expect(await isDirty()).toBe(true);
});

test.each([true, false])('a mark made since is not cleared (conditional delete: %s)', async (conditionalDelete) => {
  const { store, before, isDirty } = await marked(conditionalDelete);
  await store.put(KEY, dirtyMark(1, 'meanwhile'), { blind: true });
  await clearMark(store, before);
  expect(await isDirty()).toBe(true);
});
