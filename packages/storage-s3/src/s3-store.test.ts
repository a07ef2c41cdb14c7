import { afterAll, beforeAll } from '@jest/globals';
import { describeObjectStore } from '@atoll/storage/testing';
import { S3Store } from './s3-store.js';
import { FAKE_CREDENTIALS, FakeS3 } from './testing/fake-s3.js';

let fake: FakeS3;
beforeAll(async () => {
  fake = await FakeS3.start();
});
afterAll(() => fake.stop());

let opened = 0;

describeObjectStore('S3Store over a strict server', async () => {
  const url = fake.url(`bucket-${opened++}`, 'a/prefix');
  const open = () => new S3Store({ url, credentials: FAKE_CREDENTIALS });
  const stores = [open()];
  const [store] = stores as [S3Store];
  const peer = new S3Store({ url: fake.url(`peer-${opened}`), credentials: FAKE_CREDENTIALS });
  stores.push(peer);
  return {
    store,
    peer,
    reopen: async () => {
      const another = open();
      stores.push(another);
      return another;
    },
    close: async () => {
      for (const one of stores) await one.close();
    },
  };
});
