import { expect, test } from '@jest/globals';
import { describeReadFaults } from '@atoll/storage/testing';
import { FAULT_SUITE } from './testing/fault-suite.js';

describeReadFaults('S3Store', FAULT_SUITE, (at) => {
  test('what could not be a key is never asked for, and a list goes on behind it all the same', async () => {
    const { stand, store } = at();
    for (const key of ['x/!', 'x/0/a', 'y']) await store.put(key, Buffer.from(key), { blind: true });
    stand.fake.takeCounts();
    expect(await store.list('x//', { limit: 10 })).toEqual({ entries: [], more: false });
    expect(stand.fake.takeCounts()).toEqual({});
    const keysAfter = async (after: string) =>
      (await store.list('', { after, limit: 10 })).entries.map(({ key }) => key);
    expect(await keysAfter('x//y')).toEqual(['x/0/a', 'x/a', 'y']);
    expect(await keysAfter('/x')).toEqual(['x/!', 'x/0/a', 'x/a', 'y']);
  });

  test('an object that is named as the prefix is hides no other', async () => {
    const { stand } = at();
    const store = stand.open({ url: stand.fake.url('bucket', 'eu/') });
    stand.plant('eu/', Buffer.alloc(0));
    stand.plant('eu/x/b', Buffer.from('b'));
    const { entries, more } = await store.list('', { limit: 10 });
    expect([entries.map(({ key }) => key), more]).toEqual([['x/b'], false]);
  });

  test('an empty page that says there is more is gone on from by its token', async () => {
    const { stand, store } = at();
    stand.fake.faults.add('ListObjectsV2', { kind: 'cut-page', keys: 0 });
    expect(await store.list('', { limit: 10 })).toMatchObject({ entries: [{ key: 'x/a' }], more: false });
    expect(stand.fake.takeCounts()).toEqual({ ListObjectsV2: 2 });
  });

  test('an answer that was cut says nothing about whether a key is there', async () => {
    const { stand, store } = at();
    stand.fake.faults.add('GetObject', { kind: 'truncate', afterBytes: 60 }, 2);
    expect(await store.get('x/none')).toBeUndefined();
    expect(stand.fake.takeCounts()).toEqual({ GetObject: 3 });
  });
});
