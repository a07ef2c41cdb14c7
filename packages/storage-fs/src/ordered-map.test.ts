import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OrderedMap } from './ordered-map.js';

const names = fc.string({ unit: fc.constantFrom(...'Aab/-.!~0'), minLength: 1, maxLength: 4 });
const edits = fc.array(fc.record({ name: names, value: fc.option(fc.nat()) }), { maxLength: 200 });

/** All entries, a few at a time. */
function entriesOf<V>(map: OrderedMap<V>, limit: number): [string, V | undefined][] {
  const found: [string, V | undefined][] = [];
  for (let start = ''; ;) {
    const some = map.from(start, limit);
    for (const { name, value } of some) found.push([name, value]);
    if (some.length < limit) return found;
    start = `${some.at(-1)?.name}\0`;
  }
}

describe('an ordered map', () => {
  test('holds what a plain map holds, in the order of the names', () => {
    fc.assert(
      fc.property(edits, fc.integer({ min: 1, max: 7 }), (all, limit) => {
        const map = new OrderedMap<number>();
        const plain = new Map<string, number>();
        for (const { name, value } of all) {
          expect(map.has(name)).toBe(plain.has(name));
          if (value === null) expect(map.delete(name)).toBe(plain.delete(name));
          else expect(map.add(name)).toBe(!plain.has(name));
          if (value === null) continue;
          expect(map.get(name)).toBe(plain.get(name));
          plain.set(name, value);
          map.set(name, value);
          expect(map.get(name)).toBe(plain.get(name));
        }
        expect(entriesOf(map, limit)).toEqual([...plain].sort(([a], [b]) => (a < b ? -1 : 1)));
      }),
    );
  });

  test('begins at any text, whether a name or not', () => {
    const texts = fc.oneof(names, fc.string({ unit: 'binary', maxLength: 3 }));
    fc.assert(
      fc.property(fc.uniqueArray(names, { maxLength: 50 }), texts, fc.nat(5), (all, start, limit) => {
        const map = new OrderedMap<never>();
        for (const name of all) map.add(name);
        const bytes = Buffer.from(start);
        const after = all.filter((name) => Buffer.compare(Buffer.from(name), bytes) >= 0).sort();
        expect(map.from(start, limit).map(({ name }) => name)).toEqual(after.slice(0, limit));
      }),
    );
  });

  test.each([
    { what: 'in order', numberOf: (i: number) => i },
    { what: 'in reverse', numberOf: (i: number) => 19_999 - i },
    { what: 'in no order', numberOf: (i: number) => (i * 7_919) % 20_000 },
  ])('takes twenty thousand names $what, and gives them up again', ({ numberOf }) => {
    const nameAt = (i: number) => `v${String(i).padStart(5, '0')}`;
    const map = new OrderedMap<number>();
    for (let i = 0; i < 20_000; i++) {
      map.add(nameAt(numberOf(i)));
      map.set(nameAt(numberOf(i)), numberOf(i));
      map.set(`${nameAt(i)}-unknown`, i);
    }
    expect(entriesOf(map, 999)).toEqual(Array.from({ length: 20_000 }, (_, i) => [nameAt(i), i]));
    for (let i = 0; i < 20_000; i++) if (numberOf(i) % 1_000 !== 0) map.delete(nameAt(numberOf(i)));
    expect(entriesOf(map, 7)).toEqual(Array.from({ length: 20 }, (_, i) => [nameAt(i * 1_000), i * 1_000]));
  });
});
