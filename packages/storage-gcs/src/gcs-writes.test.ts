import { describe, expect, test } from '@jest/globals';
import { describeWriteFaults } from '@atoll/storage/testing';
import { FAULT_SUITE } from './testing/fault-suite.js';

describeWriteFaults(
  'GcsStore',
  {
    ...FAULT_SUITE,
    skewsMs: [40_000, -40_000],
    passing: [
      ['comes too fast for one name', { kind: 'refuse', status: 429, code: 'rateLimitExceeded' }],
      ['comes too fast by the words of a 403', { kind: 'refuse', status: 403, code: 'userRateLimitExceeded' }],
      ['meets an error of the server', { kind: 'refuse', status: 500, code: 'backendError' }],
      ['meets a server that waited too long', { kind: 'refuse', status: 408, code: 'requestTimeout' }],
    ],
  },
  (at) => {
    async function versionOf(key: string): Promise<string> {
      return (await at().store.head(key))?.version ?? 'absent';
    }

    test('a name that may be written once a second is written when its second has passed', async () => {
      const { stand, store } = at();
      stand.fake.bucket('bucket').limitsWrites = true;
      const patient = stand.open({ retries: { attempts: 60, firstPauseMs: 25, maxPauseMs: 100 } });
      await patient.put('x/hot', Buffer.from('one'), { ifAbsent: true });
      const ifVersion = await versionOf('x/hot');
      await expect(patient.put('x/hot', Buffer.from('two'), { ifVersion })).resolves.not.toBe('conflict');
      expect((await store.get('x/hot'))?.body.toString()).toBe('two');
    });

    describe('a delete whose answer is lost', () => {
      test('has deleted what it then does not find', async () => {
        const { stand, store } = at();
        const ifVersion = await versionOf('x/first');
        stand.fake.faults.add('DeleteObject', { kind: 'lose-answer' });
        expect(await store.delete('x/first', { ifVersion })).toBe('deleted');
        expect(await store.head('x/first')).toBeUndefined();
      });

      test('spares what another has put there since', async () => {
        const { stand, store } = at();
        const ifVersion = await versionOf('x/first');
        stand.fake.faults.add('DeleteObject', { kind: 'reset' });
        stand.plant('x/first', Buffer.from('theirs'));
        expect(await store.delete('x/first', { ifVersion })).toBe('conflict');
        expect((await store.get('x/first'))?.body.toString()).toBe('theirs');
      });
    });
  },
);
