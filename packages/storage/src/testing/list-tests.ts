import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareKeys } from '../key-order.js';
import type { Subject } from './describe-object-store.js';
import { listAll, write } from './samples.js';

export function listTests(subject: Subject): void {
  test('nothing below a prefix is an empty list', async () => {
    const { store } = subject();
    expect(await store.list('none/', { limit: 10 })).toEqual({ entries: [], more: false });
    await write(store, 'x/a', '1');
    expect(await store.list('x/b', { limit: 10 })).toEqual({ entries: [], more: false });
    expect(await store.list('x/a/', { limit: 10 })).toEqual({ entries: [], more: false });
  });

  test('keys come in the order of their bytes, where a slash is a character like any other', async () => {
    const { store } = subject();
    const names = [
      'A',
      'B!',
      'B/c',
      'Ba',
      '_',
      'a',
      'a!',
      'a-b',
      'a.b',
      'a0',
      'b-c',
      'b/c',
      'b/d/e',
      'b0',
      'ba/@/1',
      'b~',
    ];
    const ordered = names.map((name) => `x/${name}`);
    for (const key of ordered.toReversed()) await write(store, key, key);
    expect(await listAll(store, 'x/')).toEqual(ordered);
    expect(await listAll(store, '')).toEqual(ordered);
    expect(await listAll(store, '', 1)).toEqual(ordered);
  });

  test('an entry tells of an object what head tells', async () => {
    const { store } = subject();
    await write(store, 'x/a', 'hello');
    await write(store, 'x/B', 'hello, too');
    const { entries } = await store.list('x/', { limit: 10 });
    expect(entries).toEqual([await store.head('x/B'), await store.head('x/a')]);
  });

  test('a list shows at once what was written, replaced and deleted', async () => {
    const { store } = subject();
    await write(store, 'x/a', '1');
    await write(store, 'x/b', '1');
    expect(await listAll(store, 'x/')).toEqual(['x/a', 'x/b']);
    const version = await write(store, 'x/b', 'longer');
    await store.delete('x/a', { blind: true });
    await write(store, 'x/c/d', '1');
    const { entries } = await store.list('x/', { limit: 10 });
    expect(entries.map(({ key, sizeBytes }) => [key, sizeBytes])).toEqual([
      ['x/b', 6],
      ['x/c/d', 1],
    ]);
    expect(entries[0]?.version).toBe(version);
  });

  test.each([
    { prefix: 'x/a', keys: ['x/a-1', 'x/a/1', 'x/a/2', 'x/ab'], what: 'may end inside a segment' },
    { prefix: 'x/a/', keys: ['x/a/1', 'x/a/2'], what: 'may be a folder' },
    { prefix: 'x/a/1', keys: ['x/a/1'], what: 'may be a whole key' },
    { prefix: 'x/A', keys: ['x/Ab'], what: 'tells upper from lower case' },
    { prefix: 'x/a/3', keys: [], what: 'may match nothing' },
  ])('a prefix $what', async ({ prefix, keys }) => {
    const { store } = subject();
    for (const key of ['x/a-1', 'x/a/1', 'x/a/2', 'x/ab', 'x/b', 'x/Ab', 'y/a/1']) await write(store, key, 'x');
    expect(await listAll(store, prefix)).toEqual(keys);
  });

  test.each([
    { after: 'x/b', keys: ['x/c/1', 'x/c/2', 'x/d'], what: 'a key that is there' },
    { after: 'x/bb', keys: ['x/c/1', 'x/c/2', 'x/d'], what: 'a key that is not there' },
    { after: 'x/c/1', keys: ['x/c/2', 'x/d'], what: 'a key in a folder' },
    { after: 'x/c', keys: ['x/c/1', 'x/c/2', 'x/d'], what: 'a folder' },
    { after: 'x/c0', keys: ['x/d'], what: 'what follows a folder' },
    { after: 'a', keys: ['x/a', 'x/b', 'x/c/1', 'x/c/2', 'x/d'], what: 'what comes before the prefix' },
    { after: 'y', keys: [], what: 'what comes after the prefix' },
  ])('a list begins after $what', async ({ after, keys }) => {
    const { store } = subject();
    for (const key of ['x/a', 'x/b', 'x/c/1', 'x/c/2', 'x/d', 'y/1']) await write(store, key, 'x');
    const { entries, more } = await store.list('x/', { after, limit: 10 });
    expect(entries.map(({ key }) => key)).toEqual(keys);
    expect(more).toBe(false);
  });

  test('a page that ends with the last key says that there is no more', async () => {
    const { store } = subject();
    for (const key of ['x/a', 'x/b', 'x/c']) await write(store, key, 'x');
    expect((await store.list('x/', { limit: 3 })).more).toBe(false);
    expect((await store.list('x/', { limit: 2 })).more).toBe(true);
    expect((await store.list('x/', { after: 'x/a', limit: 2 })).more).toBe(false);
  });

  test('pages concatenate to the whole, whatever the keys, the prefix and the size of a page', async () => {
    const { store, missesBelowHalfSegments } = subject();
    let run = 0;
    const segment = fc.string({ unit: fc.constantFrom(...'abAB0-._!@'), minLength: 1, maxLength: 3 });
    const name = fc.array(
      segment.filter((text) => !/^\.+$/.test(text)),
      { minLength: 1, maxLength: 3 },
    );
    const property = fc.asyncProperty(
      fc.uniqueArray(name, { selector: (segments) => segments.join('/'), maxLength: 12 }),
      fc.string({ unit: fc.constantFrom(...'aA0/'), maxLength: missesBelowHalfSegments === true ? 0 : 2 }),
      fc.integer({ min: 1, max: 5 }),
      async (names, ending, limit) => {
        const folder = `run${run++}/`;
        const paths = names.map((segments) => segments.join('/'));
        const keys = paths
          .filter((path) => !paths.some((other) => other.startsWith(`${path}/`)))
          .map((path) => folder + path);
        await Promise.all(keys.map((key) => write(store, key, 'x')));
        const expected = keys.filter((key) => key.startsWith(folder + ending)).sort(compareKeys);
        expect(await listAll(store, folder + ending, limit)).toEqual(expected);
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  test('a list of 1,500 keys is read in pages of 1,000', async () => {
    const { store } = subject();
    const keys = Array.from({ length: 1_500 }, (_, n) => `many/${String(n).padStart(5, '0')}`);
    for (let at = 0; at < keys.length; at += 50)
      await Promise.all(keys.slice(at, at + 50).map((key) => write(store, key, 'x')));
    expect(await listAll(store, 'many/', 1_000)).toEqual(keys);
  }, 120_000);
}
