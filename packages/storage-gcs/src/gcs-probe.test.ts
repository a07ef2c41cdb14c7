import { afterEach, expect, test } from '@jest/globals';
import { probeStore } from '@atoll/storage';
import { Stand } from './testing/stand.js';

let stand: Stand;
afterEach(() => stand.stop());

test('the boot probe finds a strict server fit, and leaves nothing behind', async () => {
  stand = await Stand.start();
  const store = stand.open();
  expect(await probeStore(store)).toEqual({ conditionalDelete: true });
  expect((await store.list('', { limit: 10 })).entries).toEqual([]);
});

test('the boot probe refuses a server that accepts conditions and ignores them', async () => {
  stand = await Stand.start({ ignoresConditions: true });
  const told = expect.stringContaining('overwrites what is there');
  await expect(probeStore(stand.open())).rejects.toMatchObject({ kind: 'unsupported', message: told });
});
