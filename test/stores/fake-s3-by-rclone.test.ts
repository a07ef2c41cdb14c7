import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FAKE_CREDENTIALS, FakeS3 } from '@atoll/storage-s3/testing';
import { filledContent } from '../harness/images.js';
import { bringServer } from './bring.js';

/** What goes wrong is told at once; files above 5 MiB go in parts. */
const FLAGS = ['--retries', '1', '--low-level-retries', '1', '--config', '/dev/null', '--s3-upload-cutoff', '5Mi'];
const LARGE_BYTES = 12_000_000;

let rclone: string;
let fake: FakeS3;
let folder: string;
beforeAll(async () => {
  rclone = await bringServer('rclone');
  fake = await FakeS3.start();
  fake.url('bucket');
  folder = mkdtempSync(join(tmpdir(), 'atoll-rclone-s3-'));
  mkdirSync(join(folder, "d e+'1'"));
  writeFileSync(join(folder, "d e+'1'", 'small & <ü>'), filledContent('small', 100_000).bytes);
  writeFileSync(join(folder, 'large'), filledContent('large', LARGE_BYTES).bytes);
  writeFileSync(join(folder, 'empty'), '');
}, 600_000);
afterAll(async () => {
  await fake.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function run(args: readonly string[], secret = FAKE_CREDENTIALS.secretAccessKey): Promise<string> {
  const settings = {
    TYPE: 's3',
    PROVIDER: 'Other',
    ACCESS_KEY_ID: FAKE_CREDENTIALS.accessKeyId,
    SECRET_ACCESS_KEY: secret,
    REGION: 'us-east-1',
    ENDPOINT: fake.endpoint,
    LIST_VERSION: '2',
    NO_CHECK_BUCKET: 'true',
  };
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'] };
  for (const [name, value] of Object.entries(settings)) env[`RCLONE_CONFIG_S3_${name}`] = value;
  const { stdout, stderr } = await promisify(execFile)(rclone, [...args, ...FLAGS], { env });
  return stdout + stderr;
}

test('a client that knows nothing of us keeps its files on the fake: whole and in parts, copied, listed, deleted', async () => {
  await run(['copy', folder, 's3:bucket/x']);
  expect(fake.takeCounts()).toMatchObject({ PutObject: 2, CreateMultipartUpload: 1, UploadPart: 3 });
  expect(await run(['check', '--download', folder, 's3:bucket/x'])).toContain('3 matching files');
  await run(['copyto', 's3:bucket/x/large', 's3:bucket/y/copy']);
  expect(fake.takeCounts()).toMatchObject({ CopyObject: 1 });
  const listed = (await run(['lsf', '-R', 's3:bucket'])).trim().split('\n').sort();
  expect(listed).toEqual(['x/', "x/d e+'1'/", "x/d e+'1'/small & <ü>", 'x/empty', 'x/large', 'y/', 'y/copy'].sort());
  await run(['delete', 's3:bucket/x']);
  expect(await run(['lsf', '-R', '--files-only', 's3:bucket'])).toBe('y/copy\n');
}, 60_000);

test('a wrong secret is refused', async () => {
  await expect(run(['lsf', 's3:bucket'], 'wrong-secret')).rejects.toThrow(/SignatureDoesNotMatch|403/);
});
