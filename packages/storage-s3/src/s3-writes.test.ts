import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { describeWriteFaults } from '@atoll/storage/testing';
import type { S3Store } from './s3-store.js';
import { FAULT_SUITE } from './testing/fault-suite.js';
import { Stand } from './testing/stand.js';

describeWriteFaults('S3Store', {
  ...FAULT_SUITE,
  passing: [
    ['races another at this moment', { kind: 'refuse', status: 409, code: 'ConditionalRequestConflict' }],
    ['meets a neighbour that is being deleted', { kind: 'refuse', status: 409, code: 'ExistingObjectIsDirectory' }],
    ['comes too fast for a proxy', { kind: 'refuse', status: 429, code: 'TooManyRequests' }],
    ['meets an error of the server', { kind: 'refuse', status: 500, code: 'InternalError' }],
  ],
});

describe('what is S3’s own', () => {
  let stand: Stand;
  let store: S3Store;
  beforeEach(async () => {
    stand = await Stand.start();
    store = stand.open();
    // The first write asks for the time.
    await store.put('x/first', Buffer.from('first'), { blind: true });
    stand.fake.takeCounts();
  });
  afterEach(() => stand.stop());

  test('an object in the place of a folder is an impossible key at once', async () => {
    stand.fake.faults.add('PutObject', { kind: 'refuse', status: 409, code: 'ObjectParentIsFile' });
    const put = store.put('x/a/b', Buffer.from('one'), { ifAbsent: true });
    await expect(put).rejects.toMatchObject({ kind: 'invalid-key' });
    expect(stand.fake.takeCounts()).toEqual({ PutObject: 1 });
  });

  test('a delete whose answer is lost is sent again and finds nothing', async () => {
    stand.fake.faults.add('DeleteObject', { kind: 'lose-answer' });
    const version = (await store.head('x/first'))?.version ?? '';
    expect(await store.delete('x/first', { ifVersion: version })).toBe('absent');
    expect(await store.head('x/first')).toBeUndefined();
  });

  describe('a clock', () => {
    test.each([
      [40_000, 'behind'],
      [-40_000, 'ahead of'],
      [7_200_000, 'behind'],
      [-7_200_000, 'ahead of'],
    ])('that is off by %d ms writes nothing until it is set right, and reads', async (skewMs, direction) => {
      const early = stand.open();
      stand.fake.skewMs = skewMs;
      const put = early.put('x/a', Buffer.from('one'), { blind: true });
      await expect(put).rejects.toMatchObject({ kind: 'unavailable', message: expect.stringContaining(direction) });
      expect((await early.get('x/first'))?.body.toString()).toBe('first');
      expect(stand.fake.takeCounts().PutObject).toBeUndefined();
      stand.fake.skewMs = 0;
      await early.put('x/a', Buffer.from('one'), { blind: true });
    });
  });
});
