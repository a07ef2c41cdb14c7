import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { claimRegion } from '@atoll/registry';
import { openStore } from '@atoll/runtime';
import { runCommandLine } from './command-line.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atoll-doctor-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const bucket = (region: string) => pathToFileURL(join(folder, region)).href;

class Text {
  text = '';
  readonly isTTY = false;
  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

async function doctor(env: NodeJS.ProcessEnv, ...args: string[]) {
  const [stdout, stderr] = [new Text(), new Text()];
  const around = { env, stdout, stderr } as unknown as Parameters<typeof runCommandLine>[1];
  return { status: await runCommandLine(['doctor', ...args], around), said: stdout.text, complained: stderr.text };
}

async function claim(region: string): Promise<void> {
  const store = await openStore(bucket(region));
  await claimRegion(store, region);
  await store.close();
}

test('a region and its peer that are well: each trial with what it means, and status 0', async () => {
  await claim('us');
  const { status, said } = await doctor({
    ATOLL_REGION: 'eu',
    ATOLL_STORAGE: bucket('eu'),
    ATOLL_PEERS: `us=${bucket('us')}`,
  });
  expect(status).toBe(0);
  expect(said).toMatch(/^eu: file:/);
  expect(said).toContain(
    'passed   create once              of two writers of a new key, one is told that it came too late',
  );
  expect(said).toContain('missing  signed URLs');
  expect(said).toContain('no region has started here; eu may');
  expect(said).toContain('us, another region, only read: file:');
  expect(said).toContain('the bucket belongs to us');
  expect(said).toMatch(/Nothing keeps this from running\.\n$/);
  expect(await readdir(join(folder, 'eu', 'objects'))).not.toContain('m');
});

test('--json tells the same for programs', async () => {
  const { status, said } = await doctor({ ATOLL_REGION: 'eu', ATOLL_STORAGE: bucket('eu') }, '--json');
  expect(status).toBe(0);
  expect(JSON.parse(said)).toMatchObject({
    ok: true,
    buckets: [{ region: 'eu', role: 'own', url: bucket('eu'), lines: expect.arrayContaining([]) }],
  });
});

test('a bucket of another region fails, as own and as peer', async () => {
  await claim('ap');
  const own = await doctor({ ATOLL_REGION: 'eu', ATOLL_STORAGE: bucket('ap') });
  expect([own.status, own.said]).toEqual([1, expect.stringContaining('belongs to region ap, not to eu')]);
  const peer = await doctor({ ATOLL_REGION: 'eu', ATOLL_STORAGE: bucket('eu'), ATOLL_PEERS: `us=${bucket('ap')}` });
  expect([peer.status, peer.said]).toEqual([1, expect.stringContaining('belongs to region ap, not to us')]);
});

test('a folder that another process has is read, and no failure', async () => {
  const store = await openStore(bucket('eu'));
  await claimRegion(store, 'eu');
  const { status, said } = await doctor({ ATOLL_REGION: 'eu', ATOLL_STORAGE: bucket('eu') });
  await store.close();
  expect(status).toBe(0);
  expect(said).toMatch(/passed {3}open .* in use by process \d+.*only reading is tried here/);
  expect(said).not.toContain('create once');
});

test('a place where no folder can be is one failure with one piece of advice', async () => {
  await writeFile(join(folder, 'file'), '');
  const { status, said } = await doctor({ ATOLL_REGION: 'eu', ATOLL_STORAGE: `${bucket('file')}/eu` });
  expect(status).toBe(1);
  expect(said.match(/FAILED/g)).toHaveLength(1);
});

test('without settings it is about the regions of up', async () => {
  await mkdir(join(folder, 'data'));
  const { status, said } = await doctor({ ATOLL_DATA: join(folder, 'data') });
  expect(status).toBe(0);
  expect(said.match(/^(eu|us): file:/gm)).toHaveLength(2);
});

test('wrong settings are a sentence and status 2', async () => {
  const { status, complained } = await doctor({ ATOLL_REGION: 'eu', ATOLL_STORAGE: 'ftp://bucket' });
  expect([status, complained]).toEqual([2, expect.stringContaining('ATOLL_STORAGE must begin with file://')]);
  await chmod(folder, 0o700);
});

test('nobody at the endpoint, and one who takes connections and says nothing, are told apart from the rest', async () => {
  const mute: Server = createServer(() => undefined);
  await once(mute.listen(0, '127.0.0.1'), 'listening');
  mute.unref();
  const { port } = mute.address() as AddressInfo;
  for (const [at, within] of [
    [1, 15_000],
    [port, 40_000],
  ] as const) {
    const startedAt = Date.now();
    const env = {
      ATOLL_REGION: 'eu',
      ATOLL_STORAGE: `s3://bucket/eu?endpoint=http://127.0.0.1:${at}&region=us-east-1`,
    };
    const { status, said } = await withCredentials(() => doctor(env));
    expect([status, said]).toEqual([1, expect.stringMatching(/FAILED {3}read .*(does not answer)/)]);
    expect(said).toContain('check the endpoint, the name and the region of the bucket');
    expect(Date.now() - startedAt).toBeLessThan(within);
  }
  mute.close();
}, 80_000);

/** The SDK reads them from the process. */
async function withCredentials<T>(task: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  process.env['AWS_ACCESS_KEY_ID'] = 'somebody';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'a secret';
  try {
    return await task();
  } finally {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}
