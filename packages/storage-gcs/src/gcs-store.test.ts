import { afterAll, beforeAll } from '@jest/globals';
import { describeObjectStore } from '@atoll/storage/testing';
import { Stand } from './testing/stand.js';

let stand: Stand;
let opened = 0;
beforeAll(async () => {
  stand = await Stand.start();
});
afterAll(() => stand.stop());

describeObjectStore('GcsStore over the fake', async () => {
  const url = stand.fake.url(`bucket-${opened++}`, 'prefix');
  const store = stand.open({ url });
  const peer = stand.open({ url: stand.fake.url(`peer-${opened}`) });
  return { store, peer, reopen: () => Promise.resolve(stand.open({ url })), close: () => Promise.resolve() };
});
