import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { describeWriteFaults } from '@atoll/storage/testing';
import type { GcsStore } from './gcs-store.js';
import { FAULT_SUITE } from './testing/fault-suite.js';
import { Stand } from './testing/stand.js';

describeWriteFaults('GcsStore', {
  ...FAULT_SUITE,
  passing: [
    ['comes too fast for one name', { kind: 'refuse', status: 429, code: 'rateLimitExceeded' }],
    ['comes too fast by the words of a 403', { kind: 'refuse', status: 403, code: 'userRateLimitExceeded' }],
    ['meets an error of the server', { kind: 'refuse', status: 500, code: 'backendError' }],
    ['meets a server that waited too long', { kind: 'refuse', status: 408, code: 'requestTimeout' }],
  ],
});

describe('what is Cloud Storage’s own', () => {
  let stand: Stand;
  let store: GcsStore;
  beforeEach(async () => {
    stand = await Stand.start();
    store = stand.open();
    // The first write asks for the time.
    await store.put('x/first', Buffer.from('first'), { blind: true });
    stand.fake.takeCounts();
  });
  afterEach(() => stand.stop());

  async function versionOf(key: string): Promise<string> {
    return (await store.head(key))?.version ?? 'absent';
  }

  test('a name that may be written once a second is written when its second has passed', async () => {
    stand.fake.bucket('bucket').limitsWrites = true;
    const patient = stand.open({ retries: { attempts: 60, firstPauseMs: 25, maxPauseMs: 100 } });
    await patient.put('x/hot', Buffer.from('one'), { ifAbsent: true });
    const ifVersion = await versionOf('x/hot');
    await expect(patient.put('x/hot', Buffer.from('two'), { ifVersion })).resolves.not.toBe('conflict');
    expect((await store.get('x/hot'))?.body.toString()).toBe('two');
  });

  describe('a delete whose answer is lost', () => {
    test('has deleted what it then does not find', async () => {
      const ifVersion = await versionOf('x/first');
      stand.fake.faults.add('DeleteObject', { kind: 'lose-answer' });
      expect(await store.delete('x/first', { ifVersion })).toBe('deleted');
      expect(await store.head('x/first')).toBeUndefined();
    });

    test('spares what another has put there since', async () => {
      const ifVersion = await versionOf('x/first');
      stand.fake.faults.add('DeleteObject', { kind: 'reset' });
      stand.plant('x/first', Buffer.from('theirs'));
      expect(await store.delete('x/first', { ifVersion })).toBe('conflict');
      expect((await store.get('x/first'))?.body.toString()).toBe('theirs');
    });
  });

  test.each([
    [40_000, 'behind'],
    [-40_000, 'ahead of'],
  ])('while the clock is off by %d ms nothing is written, and reading goes on', async (skewMs, direction) => {
    const early = stand.open();
    await early.head('x/first');
    stand.fake.skewMs = skewMs;
    await early.head('x/first');
    stand.fake.takeCounts();
    const put = early.put('x/a', Buffer.from('one'), { blind: true });
    await expect(put).rejects.toMatchObject({ kind: 'unavailable', message: expect.stringContaining(direction) });
    expect((await early.get('x/first'))?.body.toString()).toBe('first');
    expect(stand.fake.takeCounts().InsertObject).toBeUndefined();
    stand.fake.skewMs = 0;
    await early.put('x/a', Buffer.from('one'), { blind: true });
  });
});
