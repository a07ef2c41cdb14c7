import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { RunningCommand } from './testing/command.js';

const running = new Set<RunningCommand>();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atoll-serve-'));
});
afterEach(async () => {
  for (const command of running) command.kill('SIGKILL');
  await Promise.all([...running].map((command) => command.end()));
  running.clear();
  await rm(folder, { recursive: true });
});

/** A command for region `own` with `peer` as its peer. */
function atoll(args: readonly string[], own = 'eu', peer = 'us'): RunningCommand {
  const bucket = (region: string) => pathToFileURL(join(folder, region)).href;
  const env = { ATOLL_REGION: own, ATOLL_STORAGE: bucket(own), ATOLL_PEERS: `${peer}=${bucket(peer)}` };
  const command = new RunningCommand(args, { cwd: folder, env: { ...env, ATOLL_POLL_MILLISECONDS: '50' } });
  running.add(command);
  return command;
}

async function urlOf(command: RunningCommand): Promise<string> {
  return (await command.logs(/"url":"(http:[^"]+)"/))[1] ?? '';
}

describe('atoll serve and atoll work', () => {
  test('two regions of a process each agree, and status reads both while they run', async () => {
    const eu = await urlOf(atoll(['serve', '--with-worker', '--port', '0'], 'eu', 'us'));
    const us = await urlOf(atoll(['serve', '--with-worker', '--port', '0'], 'us', 'eu'));
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [],
    });
    const pushed = await fetch(`${eu}/v2/team/app/manifests/1`, {
      method: 'PUT',
      headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' },
      body: manifest,
    });
    expect(pushed.status).toBe(201);
    let pulled = await fetch(`${us}/v2/team/app/manifests/1`);
    while (pulled.status === 404) pulled = await fetch(`${us}/v2/team/app/manifests/1`);
    expect(await pulled.text()).toBe(manifest);

    const status = atoll(['status', '--json'], 'us', 'eu');
    expect(await status.end()).toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject({
      regions: [{ region: 'us', started: true, peers: [{ region: 'eu', state: 'reachable', segmentsBehind: 0 }] }],
    });
  });

  test('stop with status 0 on SIGTERM', async () => {
    const api = atoll(['serve', '--port', '0']);
    await urlOf(api);
    api.kill('SIGTERM');
    expect(await api.end()).toBe(0);
    const worker = atoll(['work']);
    await worker.logs(/"message":"working"/);
    worker.kill('SIGTERM');
    expect(await worker.end()).toBe(0);
  });

  test('of one folder cannot run at once, and say what to do instead', async () => {
    await urlOf(atoll(['serve', '--port', '0']));
    const worker = atoll(['work']);
    expect(await worker.end()).toBe(2);
    expect(worker.stderr).toMatch(/^atoll: .* is in use by process \d+ .*atoll serve --with-worker.*\n$/);
  });

  test("another region's folder is refused", async () => {
    const first = atoll(['serve', '--port', '0']);
    await urlOf(first);
    first.kill('SIGTERM');
    await first.end();
    const bucket = pathToFileURL(join(folder, 'eu')).href;
    const second = new RunningCommand(['serve'], { cwd: folder, env: { ATOLL_REGION: 'us', ATOLL_STORAGE: bucket } });
    expect(await second.end()).toBe(2);
    expect(second.stderr).toContain('belongs to region eu, not to us');
  });
});

test('status without any region says where it looked', async () => {
  const status = atoll(['status']);
  expect(await status.end()).toBe(2);
  expect(status.stderr).toMatch(/^atoll: no region has started here yet: looked for eu in file:.*\/eu\n$/);
});
