import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { KeyedMutex } from './keyed-mutex.js';

describe('KeyedMutex', () => {
  test('tasks of one key run one after another, in order', async () => {
    const mutex = new KeyedMutex();
    const seen: string[] = [];
    const task = (name: string) => async () => {
      seen.push(`${name} begins`);
      await setImmediate();
      seen.push(`${name} ends`);
    };
    await Promise.all([mutex.run('k', task('first')), mutex.run('k', task('second'))]);
    expect(seen).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
  });

  test('tasks of different keys do not wait for each other', async () => {
    const mutex = new KeyedMutex();
    let release = (): void => undefined;
    const held = mutex.run('a', () => new Promise<void>((resolve) => (release = resolve)));
    await expect(mutex.run('b', async () => 'done')).resolves.toBe('done');
    release();
    await held;
  });

  test('a task that fails lets the next one run, and nothing is kept once all are done', async () => {
    const mutex = new KeyedMutex();
    const failing = mutex.run('k', async () => {
      throw new Error('no');
    });
    const next = mutex.run('k', async () => 1);
    await expect(failing).rejects.toThrow('no');
    await expect(next).resolves.toBe(1);
    expect(mutex.size).toBe(0);
  });
});
