import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { FsStore } from './fs-store.js';
import { temporaryRoots } from './testing/temporary-root.js';
import { watchedFiles } from './testing/watched-files.js';

const makeRoot = temporaryRoots();

/** A store that holds the given keys, and the folders it has read since they were last taken. */
async function openWith(keys: readonly string[]) {
  const root = await makeRoot();
  const objects = join(root, 'objects');
  const read: string[] = [];
  const files = watchedFiles(({ name, path }) => {
    if (name === 'readdir' && path.startsWith(objects)) read.push(path.slice(objects.length));
  });
  const store = await FsStore.open({ root, files });
  for (const key of keys) await store.put(key, Buffer.from('x'), { blind: true });
  const list = async (prefix: string, after = '') => {
    const { entries } = await store.list(prefix, { after, limit: 10 });
    return { keys: entries.map(({ key }) => key), read: read.splice(0) };
  };
  return { store, objects, list };
}

describe('a list', () => {
  test('reads only the folders that can hold what it is asked for', async () => {
    const { store, objects, list } = await openWith(['a/1', 'b/1/x', 'b/2/x', 'c/1']);
    // A time to come is that of a folder that has just changed, however slow the test is.
    const later = Date.now() / 1000 + 3_600;
    for (const folder of ['', 'a', 'b', 'b/1', 'b/2', 'c']) await utimes(join(objects, folder), later, later);
    expect(await list('c/')).toEqual({ keys: ['c/1'], read: ['/c'] });
    expect(await list('b')).toEqual({ keys: ['b/1/x', 'b/2/x'], read: ['', '/b', '/b/1', '/b/2'] });
    expect(await list('', 'b/1/x')).toEqual({ keys: ['b/2/x', 'c/1'], read: ['', '/b', '/b/1', '/b/2', '/c'] });
    expect(await list('b/', 'b/10')).toEqual({ keys: ['b/2/x'], read: ['/b', '/b/2'] });
    await store.close();
  });

  test('reads a folder again only when it has changed', async () => {
    const { store, objects, list } = await openWith(['x/a']);
    await utimes(join(objects, 'x'), 1_000_000, 1_000_000);
    expect(await list('x/')).toEqual({ keys: ['x/a'], read: ['/x'] });
    expect(await list('x/')).toEqual({ keys: ['x/a'], read: [] });
    await store.put('x/b', Buffer.from('x'), { blind: true });
    expect(await list('x/')).toEqual({ keys: ['x/a', 'x/b'], read: ['/x'] });
    await store.close();
  });

  test('does not trust the time of a folder that has not passed for a while', async () => {
    const { store, objects, list } = await openWith(['x/a']);
    const now = Date.now() / 1000 + 60;
    await utimes(join(objects, 'x'), now, now);
    expect((await list('x/')).keys).toEqual(['x/a']);
    await store.put('x/b', Buffer.from('x'), { blind: true });
    await utimes(join(objects, 'x'), now, now);
    expect((await list('x/')).keys).toEqual(['x/a', 'x/b']);
    await store.close();
  });
});
