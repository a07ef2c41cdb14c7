import { describe, expect, test } from '@jest/globals';
import { interceptStore } from './intercept-store.js';
import { MemoryStore } from './memory-store.js';
import type { ObjectStore } from './object-store.js';
import { probeStore } from './probe-store.js';

describe('probeStore', () => {
  test('accepts a store that keeps its promises and leaves nothing behind', async () => {
    const store = new MemoryStore();
    await expect(probeStore(store)).resolves.toEqual({ conditionalDelete: true });
    expect(await store.list('', { limit: 1 })).toEqual({ entries: [], more: false });
  });

  test.each<[string, (store: MemoryStore) => Partial<ObjectStore>, RegExp]>([
    [
      'that creates what exists',
      (store) => ({
        put: (key, body, condition, o) =>
          store.put(key, body, 'ifAbsent' in condition ? { blind: true } : condition, o),
      }),
      /wants a key absent/,
    ],
    [
      'that ignores the version of a put',
      (store) => ({
        put: (key, body, condition, o) =>
          store.put(key, body, 'ifVersion' in condition ? { blind: true } : condition, o),
      }),
      /names a version/,
    ],
    ['that reads what is gone', (store) => ({ get: rememberingGet(store) }), /a read does not see/],
    [
      'that lists in no order',
      (store) => ({
        list: async (prefix, o) => {
          const page = await store.list(prefix, o);
          return { ...page, entries: page.entries.toReversed() };
        },
      }),
      /order of their bytes/,
    ],
  ])('refuses a store %s, says why, and leaves nothing behind', async (_what, fault, sentence) => {
    const memory = new MemoryStore();
    const probing = probeStore(withFault(memory, fault(memory)));
    await expect(probing).rejects.toMatchObject({ kind: 'unsupported', message: expect.stringMatching(sentence) });
    expect(await memory.list('', { limit: 1 })).toEqual({ entries: [], more: false });
  });

  test('finds out when a conditional delete is claimed and not honoured', async () => {
    const memory = new MemoryStore();
    const store = withFault(memory, { delete: (key, _condition, o) => memory.delete(key, { blind: true }, o) });
    await expect(probeStore(store)).resolves.toEqual({ conditionalDelete: false });
  });

  test('finds out when a conditional delete is claimed and refused', async () => {
    const memory = new MemoryStore();
    const poor = new MemoryStore({ conditionalDelete: false });
    const store = withFault(memory, {
      delete: (key, condition, o) => ('blind' in condition ? memory : poor).delete(key, condition, o),
    });
    await expect(probeStore(store)).resolves.toEqual({ conditionalDelete: false });
  });

  test('does not ask for a conditional delete where none is claimed', async () => {
    const memory = new MemoryStore();
    const store = withFault(memory, { capabilities: { ...memory.capabilities, conditionalDelete: false } });
    await expect(probeStore(store)).resolves.toEqual({ conditionalDelete: false });
  });
});

function withFault(memory: MemoryStore, fault: Partial<ObjectStore>): ObjectStore {
  return { ...interceptStore(memory, (_operation, _key, call) => call()), ...fault };
}

function rememberingGet(store: MemoryStore): ObjectStore['get'] {
  let last: Awaited<ReturnType<ObjectStore['get']>>;
  return async (key, options) => (last = (await store.get(key, options)) ?? last);
}
