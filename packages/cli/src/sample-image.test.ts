import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { writeSampleImage } from './sample-image.js';

const run = promisify(execFile);
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atoll-sample-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('the sample is an image that skopeo reads and umoci unpacks', async () => {
  const layout = join(folder, 'hello');
  await writeSampleImage(layout);
  const { stdout } = await run('skopeo', ['inspect', `oci:${layout}:1`]);
  expect(JSON.parse(stdout)).toMatchObject({ Architecture: 'amd64', Os: 'linux', Layers: [expect.any(String)] });
  await run('umoci', ['unpack', '--rootless', '--image', `${layout}:1`, join(folder, 'bundle')]);
  expect(await readdir(join(folder, 'bundle', 'rootfs'))).toEqual(['hello.txt']);
});

test('a sample that is there stays', async () => {
  const layout = join(folder, 'hello');
  await writeSampleImage(layout);
  await writeSampleImage(layout);
  expect(await readdir(folder)).toEqual(['hello']);
});
