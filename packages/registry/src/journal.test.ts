import { digestOf, isRepositoryName } from '@atoll/core';
import { keys, MemoryStore } from '@atoll/storage';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Journal, shardOf, type Change } from './journal.js';
import { FakeClock, name, tag } from './testing/region.js';

const changes: Change[] = [
  { kind: 'manifest', digest: digestOf('m') },
  { kind: 'tag', tag: tag('v1') },
];

describe('the journal', () => {
  test('holds an entry in the shard of its repository', async () => {
    const store = new MemoryStore();
    const clock = new FakeClock();
    const journal = new Journal(store, { shards: 4 }, clock);
    await journal.append(name('team/app'), changes, { requestId: 'r1' });
    const { entries } = await store.list(keys.rawEntries(shardOf(name('team/app'), 4)), { limit: 10 });
    expect(entries).toHaveLength(1);
    const key = entries[0]?.key ?? '';
    const stored = await store.get(key);
    const entry = Journal.parseEntry(stored?.body ?? Buffer.alloc(0), key);
    expect(entry).toMatchObject({ repository: 'team/app', changes, requestId: 'r1', at: clock.now() });
  });

  test('tells its listeners once an entry is durable, until they leave', async () => {
    const store = new MemoryStore();
    const journal = new Journal(store, { shards: 1 });
    const seen: number[] = [];
    const leave = journal.onAppend(() => {
      void store.list(keys.rawEntries(0), { limit: 10 }).then(({ entries }) => seen.push(entries.length));
    });
    await journal.append(name('a'), changes);
    await journal.append(name('a'), changes);
    leave();
    await journal.append(name('a'), changes);
    expect(seen).toEqual([1, 2]);
  });

  test('puts a repository into one and the same of its shards', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter(isRepositoryName),
        fc.integer({ min: 1, max: 64 }),
        (text, shards) => {
          const shard = shardOf(name(text), shards);
          expect(shard).toBe(shardOf(name(text), shards));
          expect(shard).toBeGreaterThanOrEqual(0);
          expect(shard).toBeLessThan(shards);
        },
      ),
    );
  });
});
