import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { probeStore } from '@atoll/storage';
import { GcsStore } from '@atoll/storage-gcs';
import { describeObjectStore } from '@atoll/storage/testing';
import { FakeGcsServer } from './fake-gcs-server.js';

let server: FakeGcsServer;
let opened = 0;
beforeAll(async () => {
  server = await FakeGcsServer.start();
}, 600_000);
afterAll(() => server.stop());

/** It ignores the conditions of deletes, and knows no uploads in parts: what is large goes in one request. */
const POOR = { conditionalDelete: false, pieceBytes: 16 * 1_048_576 };

async function openEmpty() {
  const url = await server.makeBucket(`bucket-${opened++}`);
  return { url, store: new GcsStore({ url, ...POOR }) };
}

describeObjectStore(
  'GcsStore over fake-gcs-server',
  async () => {
    const { url, store } = await openEmpty();
    const { store: peer } = await openEmpty();
    const close = async () => {
      await store.close();
      await peer.close();
    };
    return { store, peer, reopen: async () => new GcsStore({ url, ...POOR }), close };
  },
  { parts: false },
);

test('the boot probe finds that its deletes do not spare other versions, and the rest in order', async () => {
  const store = new GcsStore({ url: await server.makeBucket('probed') });
  expect(await probeStore(store)).toEqual({ conditionalDelete: false });
  await store.close();
});

test('a bucket of which it tells no settings has none that harm', async () => {
  const store = new GcsStore({ url: await server.makeBucket('told') });
  const told = (await store.inspect()).map(({ name, verdict }) => `${name}: ${verdict}`);
  await store.close();
  expect(told).toEqual([
    'versioning: fine',
    'retention: fine',
    'soft delete: fine',
    'lifecycle: fine',
    'public access: unknown',
  ]);
});
