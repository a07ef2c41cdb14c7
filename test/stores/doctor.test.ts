import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FakeGcs } from '@atoll/storage-gcs/testing';
import { FAKE_CREDENTIALS, FakeS3 } from '@atoll/storage-s3/testing';
import { atollMain } from '../harness/checkout.js';

let fake: FakeS3;
let gcs: FakeGcs;
let folder: string;
beforeAll(async () => {
  fake = await FakeS3.start();
  gcs = await FakeGcs.start();
  folder = mkdtempSync(join(tmpdir(), 'atoll-doctor-'));
});
afterAll(async () => {
  await fake.stop();
  await gcs.stop();
  rmSync(folder, { recursive: true });
});

interface Told {
  readonly status: number;
  readonly said: string;
}

function doctor(storage: string, credentials: NodeJS.ProcessEnv): Promise<Told> {
  const env = { PATH: process.env['PATH'], ATOLL_REGION: 'eu', ATOLL_STORAGE: storage, ...credentials };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [atollMain(), 'doctor'], { env }, (_error, said) =>
      resolve({ status: child.exitCode ?? -1, said }),
    );
  });
}

function onS3(secret: string): Promise<Told> {
  return doctor(fake.url('bucket', 'eu'), {
    AWS_ACCESS_KEY_ID: FAKE_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: secret,
  });
}

test('a bucket on S3 is tried to its signed URLs', async () => {
  const { status, said } = await onS3(FAKE_CREDENTIALS.secretAccessKey);
  expect([said, status]).toEqual([expect.stringContaining('passed   signed URLs'), 0]);
}, 30_000);

test('credentials that nobody knows are denied, with where to look', async () => {
  const { status, said } = await onS3('wrong');
  expect(status).toBe(1);
  expect(said).toContain('check whose credentials these are');
  expect(said).toContain('docs/drivers/s3.md');
}, 30_000);

test('a rule of a bucket on GCS that eats data fails, and what only costs does not', async () => {
  const storage = gcs.url('bucket', 'eu');
  const keyFile = join(folder, 'key.json');
  writeFileSync(keyFile, gcs.identities.keyFile(gcs.endpoint), { mode: 0o600 });
  const softDeletePolicy = { retentionDurationSeconds: '604800' };
  gcs.bucket('bucket').settings = { softDeletePolicy };
  const before = await doctor(storage, { GOOGLE_APPLICATION_CREDENTIALS: keyFile });
  expect([before.said, before.status]).toEqual([expect.stringMatching(/missing +soft delete .*for 7 days/), 0]);
  const lifecycle = { rule: [{ action: { type: 'Delete' }, condition: { age: 30 } }] };
  gcs.bucket('bucket').settings = { softDeletePolicy, lifecycle };
  const { said, status } = await doctor(storage, { GOOGLE_APPLICATION_CREDENTIALS: keyFile });
  expect([said, status]).toEqual([expect.stringMatching(/FAILED +lifecycle +rule 1 of the bucket expires/), 1]);
  expect(said).toContain('docs/drivers/gcs.md');
}, 60_000);
