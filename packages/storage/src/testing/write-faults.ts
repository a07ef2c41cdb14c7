import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ServerFault } from '../fault-plan.js';
import type { ObjectStore } from '../object-store.js';
import type { AtStand, FaultStand, FaultSuite } from './fault-suite.js';

export interface WriteFaultSuite<Name extends string, Stand extends FaultStand<Name>> extends FaultSuite<Name, Stand> {
  /** What else the service says that passes. */
  readonly passing: readonly [string, ServerFault][];
  /** How far its clock may be off from ours so that it still lets us read. */
  readonly skewsMs: readonly number[];
}

/**
 * What becomes of small writes where the server fails (docs/drivers/contract.md).
 * @param own what else there is to say of this service
 */
export function describeWriteFaults<Name extends string, Stand extends FaultStand<Name>>(
  name: string,
  suite: WriteFaultSuite<Name, Stand>,
  own: (at: AtStand<Stand>) => void,
): void {
  const { put, settle } = suite.requests;
  const one = Buffer.from('one');
  let stand: Stand;
  let store: ObjectStore;

  async function versionOf(key: string): Promise<string> {
    return (await store.head(key))?.version ?? 'absent';
  }

  describe(`${name} over a server that fails`, () => {
    beforeEach(async () => {
      stand = await suite.start();
      store = stand.open();
      // The first write asks for the time.
      await store.put('x/first', Buffer.from('first'), { blind: true });
      stand.fake.takeCounts();
    });
    afterEach(() => stand.stop());

    own(() => ({ stand, store }));

    describe('a put whose answer is lost', () => {
      test('has created its object, and says so', async () => {
        stand.fake.faults.add(put, { kind: 'lose-answer' });
        const outcome = await store.put('x/a', one, { ifAbsent: true });
        expect(stand.fake.takeCounts()).toEqual({ [put]: 2, [settle]: 1 });
        expect(outcome).toEqual({ version: await versionOf('x/a') });
      });

      test('has replaced its version, and says so', async () => {
        await store.put('x/a', one, { ifAbsent: true });
        const ifVersion = await versionOf('x/a');
        stand.fake.faults.add(put, { kind: 'lose-answer' });
        const outcome = await store.put('x/a', Buffer.from('two'), { ifVersion });
        expect(outcome).toEqual({ version: await versionOf('x/a') });
        expect((await store.get('x/a'))?.body.toString()).toBe('two');
      });

      test('says so also when no attempt has an answer', async () => {
        stand.fake.faults.add(put, { kind: 'lose-answer' }, 6);
        const outcome = await store.put('x/a', one, { ifAbsent: true });
        expect(outcome).toEqual({ version: await versionOf('x/a') });
      });

      test('conflicts when the key was another’s all along', async () => {
        await store.put('x/a', Buffer.from('them'), { ifAbsent: true });
        stand.fake.faults.add(put, { kind: 'lose-answer' });
        expect(await store.put('x/a', Buffer.from('ours'), { ifAbsent: true })).toBe('conflict');
        expect((await store.get('x/a'))?.body.toString()).toBe('them');
      });

      test('is sent again where it names no condition', async () => {
        stand.fake.faults.add(put, { kind: 'lose-answer' });
        await expect(store.put('x/a', one, { blind: true })).resolves.not.toBe('conflict');
        expect(stand.fake.takeCounts()).toEqual({ [put]: 2 });
      });
    });

    test('a put that a proxy sends twice finds its own bytes in the way, and has won', async () => {
      stand.plant('x/a', Buffer.from('ours'));
      const outcome = await store.put('x/a', Buffer.from('ours'), { ifAbsent: true });
      expect(outcome).toEqual({ version: await versionOf('x/a') });
    });

    test('a put that never arrives is no conflict, and leaves nothing', async () => {
      stand.fake.faults.add(put, { kind: 'reset' }, 6);
      await expect(store.put('x/a', one, { ifAbsent: true })).rejects.toMatchObject({ kind: 'unavailable' });
      expect(stand.fake.takeCounts()).toEqual({ [put]: 6, [settle]: 1 });
      expect(await store.head('x/a')).toBeUndefined();
    });

    test('a put that the server does not answer is given up and sent again', async () => {
      const hasty = stand.open({ timeouts: { answerMs: 200 } });
      stand.fake.faults.add(put, { kind: 'hang' });
      await expect(hasty.put('x/a', one, { ifAbsent: true })).resolves.not.toBe('conflict');
    });

    test.each<[string, ServerFault]>([
      ['comes too fast', suite.slowDown],
      ['meets a proxy without a server', { kind: 'say', status: 502, text: '<html>bad gateway</html>' }],
      ['meets a connection that breaks', { kind: 'reset' }],
      ...suite.passing,
    ])('a put that %s is sent again, and is no conflict', async (_, fault) => {
      stand.fake.faults.add(put, fault, 2);
      await expect(store.put('x/a', one, { ifAbsent: true })).resolves.not.toBe('conflict');
      expect(stand.fake.takeCounts()).toEqual({ [put]: 3 });
    });

    test('a server that asks for a longer pause than a call may take is not asked again', async () => {
      stand.fake.faults.add(put, { ...suite.slowDown, retryAfter: '60' });
      await expect(store.put('x/a', one, { blind: true })).rejects.toMatchObject({ kind: 'unavailable' });
      expect(stand.fake.takeCounts()).toEqual({ [put]: 1 });
    });

    test('a server that asks for a pause is given it', async () => {
      stand.fake.faults.add(put, { ...suite.slowDown, retryAfter: '1' });
      const began = performance.now();
      await store.put('x/a', one, { blind: true });
      expect(performance.now() - began).toBeGreaterThanOrEqual(990);
    });

    test.each(suite.skewsMs)(
      'a clock that is off by %d ms writes nothing until it is set right, and reads',
      async (skewMs) => {
        const early = stand.open();
        const direction = skewMs > 0 ? 'behind' : 'ahead of';
        stand.fake.skewMs = skewMs;
        const written = early.put('x/a', one, { blind: true });
        await expect(written).rejects.toMatchObject({
          kind: 'unavailable',
          message: expect.stringContaining(direction),
        });
        expect((await early.get('x/first'))?.body.toString()).toBe('first');
        expect(stand.fake.takeCounts()[put]).toBeUndefined();
        stand.fake.skewMs = 0;
        await early.put('x/a', one, { blind: true });
      },
    );

    test('a store without conditional deletes refuses one before it asks', async () => {
      const poor = stand.open({ conditionalDelete: false });
      await poor.put('x/a', one, { blind: true });
      stand.fake.takeCounts();
      await expect(poor.delete('x/a', { ifVersion: 'any' })).rejects.toMatchObject({ kind: 'unsupported' });
      expect(stand.fake.takeCounts()).toEqual({});
    });

    test('a store that was opened to be read refuses every write before it asks', async () => {
      const peer = stand.open({ readOnly: true });
      const readOnly = { kind: 'read-only' };
      await expect(peer.put('x/a', one, { blind: true })).rejects.toMatchObject(readOnly);
      await expect(peer.delete('x/first', { blind: true })).rejects.toMatchObject(readOnly);
      await expect(peer.beginData('d/a')).rejects.toMatchObject(readOnly);
      await expect(peer.copyFrom(store, 'x/first', 'd/a', { sizeBytes: 5 })).rejects.toMatchObject(readOnly);
      expect(stand.fake.takeCounts()).toEqual({});
      expect((await peer.get('x/first'))?.body.toString()).toBe('first');
    });
  });
}
