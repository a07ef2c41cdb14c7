import { execFile } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FAKE_CREDENTIALS, FakeS3 } from '@atoll/storage-s3/testing';
import { atollMain } from '../harness/checkout.js';

let fake: FakeS3;
beforeAll(async () => {
  fake = await FakeS3.start();
});
afterAll(() => fake.stop());

function doctor(secret: string): Promise<{ readonly status: number; readonly said: string }> {
  const env = {
    PATH: process.env['PATH'],
    ATOLL_REGION: 'eu',
    ATOLL_STORAGE: fake.url('bucket', 'eu'),
    AWS_ACCESS_KEY_ID: FAKE_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: secret,
  };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [atollMain(), 'doctor'], { env }, (_error, said) =>
      resolve({ status: child.exitCode ?? -1, said }),
    );
  });
}

test('a bucket on S3 is tried to its signed URLs', async () => {
  const { status, said } = await doctor(FAKE_CREDENTIALS.secretAccessKey);
  expect([said, status]).toEqual([expect.stringContaining('passed   signed URLs'), 0]);
}, 30_000);

test('credentials that nobody knows are denied, with where to look', async () => {
  const { status, said } = await doctor('wrong');
  expect(status).toBe(1);
  expect(said).toContain('check whose credentials these are');
  expect(said).toContain('docs/drivers/s3.md');
}, 30_000);
