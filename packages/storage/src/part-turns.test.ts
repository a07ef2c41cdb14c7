import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { PartTurns } from './part-turns.js';

/** Parts by the names they are asked for by, and those under way. */
class Traffic {
  readonly under = new Map<string, () => void>();

  constructor(private readonly turns: PartTurns) {}

  ask(name: string, sizeBytes?: number): Promise<{ readonly done: Promise<void> }> {
    return this.turns.begin(sizeBytes, () => new Promise((resolve) => this.under.set(name, resolve)));
  }

  get names(): string {
    return [...this.under.keys()].join(' ');
  }

  async end(name: string): Promise<void> {
    this.under.get(name)?.();
    this.under.delete(name);
    await setImmediate();
  }
}

test('no more parts are on their way at once than have turns, and whoever waits is told when it begins', async () => {
  const traffic = new Traffic(new PartTurns({ parts: 2, bytes: 100 }));
  const [first] = await Promise.all([traffic.ask('a', 1), traffic.ask('b', 1)]);
  let begun = false;
  const third = traffic.ask('c', 1).then(() => (begun = true));
  await setImmediate();
  expect([traffic.names, begun]).toEqual(['a b', false]);
  await traffic.end('a');
  await first.done;
  await third;
  expect(traffic.names).toBe('b c');
});

test('large parts are fewer at a time, and are not overtaken for ever', async () => {
  const traffic = new Traffic(new PartTurns({ parts: 16, bytes: 100 }));
  for (const [name, sizeBytes] of [
    ['a', 60],
    ['b', 60],
    ['c', 10],
  ] as const)
    void traffic.ask(name, sizeBytes);
  expect(traffic.names).toBe('a');
  await traffic.end('a');
  expect(traffic.names).toBe('b c');
});

test('a part that is larger than the bound goes alone', async () => {
  const traffic = new Traffic(new PartTurns({ parts: 4, bytes: 100 }));
  for (const [name, sizeBytes] of [
    ['a', 1],
    ['huge', 1_000],
    ['b', 1],
  ] as const)
    void traffic.ask(name, sizeBytes);
  expect(traffic.names).toBe('a');
  await traffic.end('a');
  expect(traffic.names).toBe('huge');
  await traffic.end('huge');
  expect(traffic.names).toBe('b');
});

test('parts whose size is not known share the bytes evenly', () => {
  const traffic = new Traffic(new PartTurns({ parts: 4, bytes: 100 }));
  void traffic.ask('large', 50);
  for (const name of ['a', 'b', 'c']) void traffic.ask(name);
  expect(traffic.names).toBe('large a b');
});

test('a task that fails gives its turn back, and its failure to whoever asks', async () => {
  const turns = new PartTurns({ parts: 1, bytes: 100 });
  const fault = new Error('no');
  const failed = await turns.begin(100, () => Promise.reject(fault));
  expect(await turns.run(100, () => Promise.resolve('next'))).toBe('next');
  await expect(failed.done).rejects.toBe(fault);
});
