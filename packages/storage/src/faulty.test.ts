import { describe, expect, test } from '@jest/globals';
import { faulty, type Fault } from './faulty.js';
import { MemoryStore } from './memory-store.js';

const bytes = Buffer.from('x');

describe('faulty', () => {
  test('a call that fails before it happens leaves no trace', async () => {
    const memory = new MemoryStore();
    const store = faulty(memory, [{ op: 'put', when: 'before' }]);
    await expect(store.put('a', bytes, { blind: true })).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await memory.head('a')).toBeUndefined();
  });

  test('a call that fails after it happens has taken effect', async () => {
    const memory = new MemoryStore();
    const store = faulty(memory, [{ op: ['delete', 'put'], when: 'after', error: () => new Error('lost') }]);
    await expect(store.put('a', bytes, { blind: true })).rejects.toThrow('lost');
    expect(await memory.head('a')).toBeDefined();
  });

  test('only the nth call of a chosen key fails', async () => {
    const store = faulty(new MemoryStore(), [{ key: (key) => key.startsWith('r/'), nth: 2, when: 'before' }]);
    await store.head('r/1');
    await store.head('l/1');
    await expect(store.head('r/2')).rejects.toMatchObject({ kind: 'unavailable' });
    await store.head('r/3');
  });

  test('a plan may change while the store is used', async () => {
    const plan: Fault[] = [];
    const store = faulty(new MemoryStore(), plan);
    await store.get('a');
    plan.push({ key: 'a', when: 'before' });
    await expect(store.get('a')).rejects.toMatchObject({ kind: 'unavailable' });
    plan.length = 0;
    await store.get('a');
  });
});
