import { parseRepositoryName, type RepositoryName } from '@atoll/core';
import { describe, expect, test } from '@jest/globals';
import { RepositoryPrefixes } from './repository-prefixes.js';

function counted() {
  const made: RepositoryName[] = [];
  const prefixes = new RepositoryPrefixes((name) => {
    made.push(name);
    return `r/${name}/`;
  });
  return { made, prefixes };
}

describe('RepositoryPrefixes', () => {
  test('makes a prefix once for each name', () => {
    const { made, prefixes } = counted();
    const names = ['a', 'a/b', 'a', 'a/b'].map(parseRepositoryName);
    expect(names.map((name) => prefixes.of(name))).toEqual(['r/a/', 'r/a/b/', 'r/a/', 'r/a/b/']);
    expect(made).toEqual(['a', 'a/b']);
  });

  test('keeps a bounded number of them, those asked for last', () => {
    const { made, prefixes } = counted();
    const names = Array.from({ length: 20_000 }, (_, i) => parseRepositoryName(`team/app${i}`));
    for (const name of names) prefixes.of(name);
    made.length = 0;
    const [first, last] = [names.at(0), names.at(-1)];
    if (first === undefined || last === undefined) throw new Error('no names');
    expect([prefixes.of(last), prefixes.of(first)]).toEqual(['r/team/app19999/', 'r/team/app0/']);
    expect(made).toEqual([first]);
  });
});
