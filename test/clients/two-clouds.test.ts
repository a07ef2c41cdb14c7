import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keys } from '@atoll/storage';
import { AzureStore } from '@atoll/storage-azure';
import { AtollOnBuckets } from '../harness/atoll-on-buckets.js';
import { AZURITE_CREDENTIALS } from '../stores/azurite.js';
import { signatureReachesUs } from './follow-signature.js';
import { interop } from './interop.js';
import { deletesTag, movesImages, skopeo } from './skopeo.js';

let folder: string;
let atoll: AtollOnBuckets;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atoll-clouds-'));
  atoll = await AtollOnBuckets.start(join(folder, 'atoll'), { eu: 'versitygw', us: 'azurite' });
}, 900_000);

afterAll(async () => {
  await atoll.stop();
  await rm(folder, { recursive: true, force: true });
});

test('skopeo pushes an index and a large layer to S3 and pulls them from Azure, and a tag deleted there is gone here', async () => {
  const client = {
    ...skopeo,
    run: async (trial: Parameters<typeof movesImages>[0]) => {
      await movesImages(trial);
      await deletesTag(trial);
    },
  };
  const [row] = await interop({ regions: atoll, folder, clients: [client], bigMebibytes: 72 });
  expect(row?.fault).toBeUndefined();
  expect(row?.result).toBe('passed');
  expect(await copiesInParts()).toBe(1);
}, 120_000);

test('a signature pushed at a region on S3 as a referrer is listed by that on Azure', async () => {
  await signatureReachesUs(atoll);
}, 60_000);

/** Blobs that came in parts, so that after a break they would have gone on there (docs/adr/0012-resumable-copies.md). */
async function copiesInParts(): Promise<number> {
  const store = new AzureStore({ url: atoll.bucket('us'), credentials: AZURITE_CREDENTIALS, readOnly: true });
  const { entries } = await store.list(`${keys.uploads}copy-`, { limit: 10 });
  await store.close();
  return entries.length;
}
