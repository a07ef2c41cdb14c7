import { expect, test } from '@jest/globals';
import { describeReadFaults, readAll, sample } from '@atoll/storage/testing';
import { FAULT_SUITE } from './testing/fault-suite.js';
import { Stand } from './testing/stand.js';

describeReadFaults('GcsStore', FAULT_SUITE, (at) => {
  test('a 404 without a reason is an absent object only when the metadata is absent, too', async () => {
    const { stand, store } = at();
    stand.fake.faults.weather = (name) =>
      name === 'GetObject' ? { kind: 'say', status: 404, text: 'Not Found' } : undefined;
    expect(await store.get('x/none')).toBeUndefined();
    await expect(store.get('x/a')).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test.each([{ ignoresConditions: false }, { ignoresConditions: true }])(
    'a stream that is cut says that another object has come: %p',
    async (options) => {
      const stand = await Stand.start(options);
      const store = stand.open();
      await store.put('x/a', sample(300_000), { blind: true });
      stand.fake.faults.add('GetObject', { kind: 'truncate', afterBytes: 70_000 });
      const opened = await store.open('x/a');
      await store.put('x/a', sample(300_000, 'another'), { blind: true });
      await expect(opened && readAll(opened.body)).rejects.toThrow(/was replaced while it was read/);
      await stand.stop();
    },
  );
});
