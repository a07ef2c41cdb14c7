import { describe, expect, test } from '@jest/globals';
import { FsStore } from './fs-store.js';
import { temporaryRoots } from './testing/temporary-root.js';
import { watchedFiles } from './testing/watched-files.js';

const makeRoot = temporaryRoots();

describe('the version at hand', () => {
  test('is known to the owner of a folder, and to nobody beside it', async () => {
    const root = await makeRoot();
    const store = await FsStore.open({ root });
    const put = await store.put('x/a', Buffer.from('one'), { blind: true });
    expect({ version: store.versionAtHand('x/a') }).toEqual(put);
    const reader = await FsStore.open({ root, readOnly: true });
    await reader.get('x/a');
    expect(reader.versionAtHand('x/a')).toBeUndefined();
    await reader.close();
    await store.close();
  });

  test('is nothing while a write is under way, which may be seen by others already', async () => {
    const seen: unknown[] = [];
    const files = watchedFiles(({ name }) => {
      if (name === 'rename') seen.push(store.versionAtHand('x/a'));
    });
    const store: FsStore = await FsStore.open({ root: await makeRoot(), files });
    await store.put('x/a', Buffer.from('one'), { blind: true });
    await store.put('x/a', Buffer.from('two'), { blind: true });
    expect(seen).toEqual([undefined, undefined]);
    expect(store.versionAtHand('x/a')).toBeDefined();
    await store.close();
  });
});
