import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Atoll } from '../harness/atoll.js';
import { signatureReachesUs } from './follow-signature.js';
import { interop } from './interop.js';
import { skopeo } from './skopeo.js';

let folder: string;
let atoll: Atoll;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atoll-skopeo-'));
  atoll = await Atoll.start(join(folder, 'atoll'));
}, 60_000);

afterAll(async () => {
  await atoll.stop();
  await rm(folder, { recursive: true, force: true });
});

test('skopeo pushes an index and a large layer to eu, pulls them from us, and a tag deleted at us disappears at eu', async () => {
  const [row] = await interop({ regions: atoll, folder, clients: [skopeo], bigMebibytes: 30 });
  expect(row?.fault).toBeUndefined();
  expect(row?.result).toBe('passed');
}, 60_000);

test('a signature pushed at eu as a referrer is listed at us', async () => {
  await signatureReachesUs(atoll);
}, 60_000);
