import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { describeReadFaults, readAll, sample } from '@atoll/storage/testing';
import type { GcsStore } from './gcs-store.js';
import { FAULT_SUITE } from './testing/fault-suite.js';
import { Stand } from './testing/stand.js';

describeReadFaults('GcsStore', FAULT_SUITE);

describe('what is Cloud Storage’s own', () => {
  let stand: Stand;
  let store: GcsStore;
  beforeEach(async () => {
    stand = await Stand.start();
    store = stand.open();
    await store.put('x/a', Buffer.from('a'), { blind: true });
    stand.fake.takeCounts();
  });
  afterEach(() => stand.stop());

  test('a 404 without a reason is an absent object only when the metadata is absent, too', async () => {
    stand.fake.faults.weather = (name) =>
      name === 'GetObject' ? { kind: 'say', status: 404, text: 'Not Found' } : undefined;
    expect(await store.get('x/none')).toBeUndefined();
    await expect(store.get('x/a')).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test.each([{ ignoresConditions: false }, { ignoresConditions: true }])(
    'a stream that is cut says that another object has come: %p',
    async (options) => {
      await stand.stop();
      stand = await Stand.start(options);
      store = stand.open();
      await store.put('x/a', sample(300_000), { blind: true });
      stand.fake.faults.add('GetObject', { kind: 'truncate', afterBytes: 70_000 });
      const opened = await store.open('x/a');
      await store.put('x/a', sample(300_000, 'another'), { blind: true });
      await expect(opened && readAll(opened.body)).rejects.toThrow(/was replaced while it was read/);
    },
  );
});
