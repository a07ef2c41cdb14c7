import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Stand } from '@atoll/storage-gcs/testing';
import { bringTools } from '../clients/install.js';
import { toolFile } from '../clients/tool.js';
import { filledContent } from '../harness/images.js';

/** The remote is described by the environment; what goes wrong is told at once. */
const ONCE = ['--retries', '1', '--low-level-retries', '1', '--config', '/dev/null'];
const LARGE_BYTES = 20_000_000;

let stand: Stand;
let folder: string;
beforeAll(async () => {
  await bringTools(['rclone'], (line) => process.stderr.write(`${line}\n`));
  stand = await Stand.start();
  folder = mkdtempSync(join(tmpdir(), 'atoll-rclone-'));
  mkdirSync(join(folder, 'd'));
  writeFileSync(join(folder, 'd', 'small'), filledContent('small', 100_000).bytes);
  writeFileSync(join(folder, 'large'), filledContent('large', LARGE_BYTES).bytes);
  writeFileSync(join(folder, 'empty'), '');
}, 600_000);
afterAll(async () => {
  await stand.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function rclone(...args: string[]): Promise<string> {
  const remote = 'RCLONE_CONFIG_GCS';
  const env = {
    PATH: process.env['PATH'],
    [`${remote}_TYPE`]: 'google cloud storage',
    [`${remote}_SERVICE_ACCOUNT_FILE`]: stand.keyFile,
    [`${remote}_ENDPOINT`]: `${stand.fake.endpoint}/storage/v1/`,
    [`${remote}_BUCKET_POLICY_ONLY`]: 'true',
  };
  const { stdout, stderr } = await promisify(execFile)(toolFile('rclone'), [...args, ...ONCE], { env });
  return stdout + stderr;
}

test('a client that knows nothing of us keeps its files on the fake: in one request and resumed, copied, listed, deleted', async () => {
  await rclone('copy', folder, 'gcs:bucket/x');
  expect(stand.fake.takeCounts()).toMatchObject({ InsertObject: 2, StartSession: 1 });
  expect(await rclone('check', '--download', folder, 'gcs:bucket/x')).toContain('3 matching files');
  await rclone('copyto', 'gcs:bucket/x/large', 'gcs:bucket/y/copy');
  expect(stand.fake.takeCounts().RewriteObject).toBe(3);
  expect((await rclone('lsf', '-R', 'gcs:bucket')).split('\n').sort().join(' ').trim()).toBe(
    'x/ x/d/ x/d/small x/empty x/large y/ y/copy',
  );
  await rclone('purge', 'gcs:bucket/x');
  expect(await rclone('lsf', '-R', '--files-only', 'gcs:bucket')).toBe('y/copy\n');
}, 60_000);

test('what it stores the driver reads, and what the driver stores in parts it reads', async () => {
  const store = stand.open();
  const bytes = filledContent('large', LARGE_BYTES).bytes;
  async function* chunks() {
    yield bytes;
  }
  await store.putData('z/large', chunks());
  expect(await rclone('check', '--download', '--include', 'large', folder, 'gcs:bucket/z')).toContain(
    '1 matching files',
  );
  await rclone('copyto', join(folder, 'd', 'small'), 'gcs:bucket/z/small');
  expect((await store.get('z/small'))?.body.equals(filledContent('small', 100_000).bytes)).toBe(true);
}, 60_000);
