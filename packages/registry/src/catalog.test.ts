import { isRepositoryName, type RepositoryName } from '@atoll/core';
import { keys } from '@atoll/storage';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { name, openRegion } from './testing/region.js';

const component = fc.constantFrom('a', 'b', 'a-b', 'a.b', 'a_b', 'a1', 'math', 'math-x', '0');
const names = fc
  .array(component, { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'))
  .filter(isRepositoryName);

describe('the catalog', () => {
  test('is every repository in byte order, however it is cut into pages', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(names, { maxLength: 15 }), fc.integer({ min: 1, max: 5 }), async (all, limit) => {
        const { registry } = await openRegion();
        for (const one of all) await registry.catalog.ensure(one);
        const found: RepositoryName[] = [];
        let after: string | undefined;
        do {
          const page = await registry.catalog.list({ after, limit });
          found.push(...page.repositories);
          after = page.next;
        } while (after !== undefined);
        expect(found).toEqual([...all].sort());
      }),
      { numRuns: 60 },
    );
  });

  test('goes on after any text, whether it is a name or not', async () => {
    const { registry } = await openRegion();
    const all = ['a', 'a-b', 'a.b', 'a/b', 'a/b/c', 'a0', 'ab'].map(name).sort();
    for (const one of all) await registry.catalog.ensure(one);
    const texts = fc.oneof(fc.string(), names, fc.constantFrom('a/', 'a//b', '/', 'A', 'a/b!', 'é', 'a'.repeat(5000)));
    await fc.assert(
      fc.asyncProperty(texts, async (after) => {
        const { repositories } = await registry.catalog.list({ after, limit: 100 });
        expect(repositories).toEqual(all.filter((one) => one > after));
      }),
    );
  });

  test('costs one listing a page, and nothing for a page of none', async () => {
    const { registry, counter } = await openRegion();
    await registry.catalog.ensure(name('a'));
    counter.reset();
    expect(await registry.catalog.list({ limit: 10 })).toEqual({ repositories: ['a'], next: undefined });
    expect(counter.calls()).toEqual({ list: 1 });
    expect(await registry.catalog.list({ limit: 0 })).toEqual({ repositories: [], next: undefined });
    expect(counter.calls()).toEqual({ list: 1 });
  });

  test.each([10, 1_000, 50_000])('costs the same where there are %i repositories', async (count) => {
    const { registry, counter, memory } = await openRegion();
    const all = Array.from({ length: count }, (_, i) => name(`team-${String(i).padStart(5, '0')}/app`));
    for (const one of all) await memory.put(keys.catalogMarker(one), Buffer.from('{}'), { blind: true });
    for (const at of [0, count / 2, count - 1]) {
      counter.reset();
      const { repositories } = await registry.catalog.list({ after: all[at - 1], limit: 100 });
      expect(repositories).toEqual(all.slice(at, at + 100));
      expect(counter.calls()).toEqual({ list: 1 });
    }
  });

  test('marks a repository once, and remembers which it knows', async () => {
    const { registry, counter, restart } = await openRegion();
    expect(await registry.catalog.has(name('a'))).toBe(false);
    counter.reset();
    await registry.catalog.ensure(name('a'));
    await registry.catalog.ensure(name('a'));
    expect(await registry.catalog.has(name('a'))).toBe(true);
    expect(counter.calls()).toEqual({ get: 1, put: 1 });
    const other = await restart();
    counter.reset();
    await other.catalog.ensure(name('a'));
    expect(await other.catalog.has(name('a'))).toBe(true);
    expect(counter.calls()).toEqual({ get: 1 });
  });
});
