import { expect, test } from '@jest/globals';
import { describeWriteFaults } from '@atoll/storage/testing';
import { FAULT_SUITE } from './testing/fault-suite.js';

describeWriteFaults(
  'S3Store',
  {
    ...FAULT_SUITE,
    skewsMs: [40_000, -40_000, 7_200_000, -7_200_000],
    passing: [
      ['races another at this moment', { kind: 'refuse', status: 409, code: 'ConditionalRequestConflict' }],
      ['meets a neighbour that is being deleted', { kind: 'refuse', status: 409, code: 'ExistingObjectIsDirectory' }],
      ['comes too fast for a proxy', { kind: 'refuse', status: 429, code: 'TooManyRequests' }],
      ['meets an error of the server', { kind: 'refuse', status: 500, code: 'InternalError' }],
    ],
  },
  (at) => {
    test('an object in the place of a folder is an impossible key at once', async () => {
      const { stand, store } = at();
      stand.fake.faults.add('PutObject', { kind: 'refuse', status: 409, code: 'ObjectParentIsFile' });
      const put = store.put('x/a/b', Buffer.from('one'), { ifAbsent: true });
      await expect(put).rejects.toMatchObject({ kind: 'invalid-key' });
      expect(stand.fake.takeCounts()).toEqual({ PutObject: 1 });
    });

    test('a delete whose answer is lost is sent again and finds nothing', async () => {
      const { stand, store } = at();
      stand.fake.faults.add('DeleteObject', { kind: 'lose-answer' });
      const version = (await store.head('x/first'))?.version ?? '';
      expect(await store.delete('x/first', { ifVersion: version })).toBe('absent');
      expect(await store.head('x/first')).toBeUndefined();
    });
  },
);
