import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ServerFault } from '../fault-plan.js';
import type { ObjectStore } from '../object-store.js';
import type { AtStand, FaultStand, FaultSuite } from './fault-suite.js';
import { readAll, sample } from './samples.js';

const bytes = sample(300_000);

/**
 * How a driver reads from a server that fails (docs/drivers/contract.md): nothing that was cut is taken for a whole, nothing that was refused for absent.
 * @param own what else there is to say of this service
 */
export function describeReadFaults<Name extends string, Stand extends FaultStand<Name>>(
  name: string,
  suite: FaultSuite<Name, Stand>,
  own: (at: AtStand<Stand>) => void,
): void {
  const { get, head, put, delete: remove, list } = suite.requests;
  let stand: Stand;
  let store: ObjectStore;

  describe(`${name} over a server that fails`, () => {
    beforeEach(async () => {
      stand = await suite.start();
      store = stand.open();
      await store.put('x/a', bytes, { blind: true });
      stand.fake.takeCounts();
    });
    afterEach(() => stand.stop());

    own(() => ({ stand, store }));

    test('an object whose bytes are cut on the way is read again', async () => {
      stand.fake.faults.add(get, { kind: 'truncate', afterBytes: 70_000 });
      expect((await store.get('x/a'))?.body.equals(bytes)).toBe(true);
      expect(stand.fake.takeCounts()).toEqual({ [get]: 2 });
    });

    test.each<[string, { start?: number; end?: number }]>([
      ['the whole', {}],
      ['a range', { start: 10, end: 250_000 }],
    ])('a stream of %s that is cut goes on where it was', async (_, range) => {
      stand.fake.faults.add(get, { kind: 'truncate', afterBytes: 70_000 }, 3);
      const opened = await store.open('x/a', range);
      const read = opened && (await readAll(opened.body));
      expect(read?.equals(bytes.subarray(range.start, range.end))).toBe(true);
      expect(stand.fake.takeCounts()).toEqual({ [get]: 4 });
    });

    test('a stream that gets nowhere fails', async () => {
      stand.fake.faults.add(get, { kind: 'truncate', afterBytes: 0 }, 20);
      const opened = await store.open('x/a');
      await expect(opened && readAll(opened.body)).rejects.toMatchObject({ kind: 'unavailable' });
    });

    test('a stream that is cut never goes on with another object', async () => {
      stand.fake.faults.add(get, { kind: 'truncate', afterBytes: 70_000 });
      const opened = await store.open('x/a');
      await store.put('x/a', sample(300_000, 'another'), { blind: true });
      await expect(opened && readAll(opened.body)).rejects.toMatchObject({ name: 'StorageError' });
    });

    test.each<[string, ServerFault, { firstPauseMs?: number; maxPauseMs?: number; withinMs?: number }]>([
      ['while the server hangs', { kind: 'hang' }, {}],
      ['between two attempts', { kind: 'reset' }, { firstPauseMs: 600_000, maxPauseMs: 600_000, withinMs: 10_000_000 }],
    ])('a call that is aborted %s ends with the reason', async (_, fault, retries) => {
      const patient = stand.open({ retries });
      await patient.head('x/a');
      stand.fake.faults.add(get, fault);
      const controller = new AbortController();
      const reason = new Error('enough');
      const asked = stand.fake.asked(get);
      const got = patient.get('x/a', { signal: controller.signal });
      await asked;
      controller.abort(reason);
      await expect(got).rejects.toBe(reason);
    });

    test.each<[string, ServerFault]>([
      ['a web server that knows nothing of the service', { kind: 'say', status: 404, text: '<html>not found</html>' }],
      ['a missing bucket', { kind: 'refuse', status: 404, code: 'NoSuchBucket' }],
      ['a missing right', { kind: 'refuse', status: 403, code: 'AccessDenied' }],
    ])('%s is no absent object', async (_, fault) => {
      stand.fake.faults.weather = () => fault;
      await expect(store.get('x/none')).rejects.toMatchObject({ name: 'StorageError' });
    });

    test('pages that are cut short are put together', async () => {
      const keys = Array.from({ length: 10 }, (_, n) => `many/${n}`);
      for (const key of keys) stand.plant(key, Buffer.from(key));
      stand.fake.faults.add(list, { kind: 'cut-page', keys: 3 }, 2);
      const { entries, more } = await store.list('many/', { limit: 9 });
      expect(entries.map(({ key }) => key)).toEqual(keys.slice(0, 9));
      expect(more).toBe(true);
      expect(stand.fake.takeCounts()).toEqual({ [list]: 3 });
    });

    test('a page of a thousand keys takes one request', async () => {
      for (let n = 0; n < 1_001; n++) stand.plant(`many/${10_000 + n}`, Buffer.of(1));
      const { entries, more } = await store.list('many/', { limit: 1_000 });
      expect([entries.length, more]).toEqual([1_000, true]);
      expect(stand.fake.takeCounts()).toEqual({ [list]: 1 });
    });

    test.each<[string, ServerFault]>([
      ['breaks off', { kind: 'truncate', afterBytes: 20 }],
      ['is throttled', suite.slowDown],
      ['is something else', { kind: 'say', status: 200, text: '<html>welcome</html>' }],
    ])('a list whose answer %s is asked for again', async (_, fault) => {
      for (const limit of [5, 1_000]) {
        stand.fake.faults.add(list, fault);
        expect((await store.list('x/', { limit })).entries.map(({ key }) => key)).toEqual(['x/a']);
      }
      expect(stand.fake.takeCounts()).toEqual({ [list]: 4 });
    });

    test('every call is one request', async () => {
      const counts = async (call: () => Promise<unknown>) => {
        await call();
        return stand.fake.takeCounts();
      };
      expect(await counts(() => store.get('x/a'))).toEqual({ [get]: 1 });
      expect(await counts(() => store.head('x/a'))).toEqual({ [head]: 1 });
      expect(await counts(() => store.list('x/', { limit: 1_000 }))).toEqual({ [list]: 1 });
      expect(await counts(() => store.put('x/b', Buffer.from('1'), { ifAbsent: true }))).toEqual({ [put]: 1 });
      expect(await counts(() => store.delete('x/b', { blind: true }))).toEqual({ [remove]: 1 });
      expect(await counts(() => store.presignGet('x/a', { ttlSeconds: 9, contentType: 'a/b' }))).toEqual({});
    });
  });
}
