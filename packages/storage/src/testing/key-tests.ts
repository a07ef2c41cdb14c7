import { expect, test } from '@jest/globals';
import { digestOf, parseRepositoryName, parseTag } from '@atoll/core';
import { keys } from '../key-layout.js';
import type { Subject } from './describe-object-store.js';
import { listAll, read, write } from './samples.js';

export function keyTests(subject: Subject): void {
  const repository = parseRepositoryName('team/app');

  test('tags that differ in nothing but case are different objects', async () => {
    const { store } = subject();
    const tags = ['V1', 'v1', 'LATEST', 'Latest', 'latest', '_V.1-x', '_v.1-X'].map(parseTag);
    for (const tag of tags) await write(store, keys.tag(repository, tag), tag, { ifAbsent: true });
    for (const tag of tags) expect(await read(store, keys.tag(repository, tag))).toBe(tag);
    const listed = await listAll(store, keys.tagsOf(repository));
    expect(listed).toEqual(tags.map((tag) => keys.tag(repository, tag)).sort());
    await store.delete(keys.tag(repository, parseTag('V1')), { blind: true });
    expect(await read(store, keys.tag(repository, parseTag('v1')))).toBe('v1');
  });

  test('repositories `a` and `a/b` hold everything side by side', async () => {
    const { store } = subject();
    const names = ['a', 'a/b', 'a/b/c', 'a-b', 'a0'].map(parseRepositoryName);
    const digest = digestOf('x');
    const all = names.flatMap((name) => [
      keys.link(name, digest),
      keys.intent(name, '01ARZ3NDEKTSV4RRFFQ69G5FAV'),
      keys.manifest(name, digest),
      keys.tag(name, parseTag('b')),
      keys.referrers(name, digest, 0),
      keys.catalogMarker(name),
      keys.dirtyMarker('us', name),
    ]);
    for (const key of all) await write(store, key, key, { ifAbsent: true });
    for (const key of all) expect(await read(store, key)).toBe(key);
    for (const name of names) {
      expect(await listAll(store, keys.tagsOf(name))).toEqual([keys.tag(name, parseTag('b'))]);
    }
    expect(await listAll(store, keys.catalog)).toEqual(['c/a!', 'c/a-b!', 'c/a/b!', 'c/a/b/c!', 'c/a0!']);
  });

  test('the longest name and the longest tags, in capitals, fit', async () => {
    const { store } = subject();
    const longest = parseRepositoryName('n'.repeat(253));
    const deepest = parseRepositoryName('n/'.repeat(126) + 'n');
    const tag = parseTag('T'.repeat(128));
    const digest = digestOf('x', 'sha512');
    const all = [longest, deepest].flatMap((name) => [
      keys.tag(name, tag),
      keys.manifest(name, digest),
      keys.referrers(name, digest, 999_999),
      keys.catalogMarker(name),
      keys.dirtyMarker('us', name),
    ]);
    for (const key of all) await write(store, key, key, { ifAbsent: true });
    for (const key of all) expect(await read(store, key)).toBe(key);
    expect(await listAll(store, keys.tagsOf(longest))).toEqual([keys.tag(longest, tag)]);
  });
}
