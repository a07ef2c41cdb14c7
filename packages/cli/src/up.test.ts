import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { RunningCommand } from './testing/command.js';

const run = promisify(execFile);
const running = new Set<RunningCommand>();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atoll-up-'));
});
afterEach(async () => {
  for (const command of running) command.kill('SIGKILL');
  await Promise.all([...running].map((command) => command.end()));
  running.clear();
  await rm(folder, { recursive: true });
});

function atoll(args: readonly string[], env: Record<string, string> = {}): RunningCommand {
  const command = new RunningCommand(args, { cwd: folder, env });
  running.add(command);
  return command;
}

const up = (...args: string[]) => atoll(['up', '--region', 'eu=0', 'us=0', ...args]);

async function portsOf(command: RunningCommand): Promise<{ eu: string; us: string }> {
  const [, eu = '', us = ''] = await command.says(
    /eu +http:\/\/127\.0\.0\.1:(\d+)\n +us +http:\/\/127\.0\.0\.1:(\d+)\n/,
  );
  return { eu, us };
}

/** What `up` printed under "Push" or "Pull", as a shell runs it. */
async function runPrinted(command: RunningCommand, what: 'push' | 'pull') {
  const [, printed = ''] = await command.says(
    what === 'push' ? /\n {2}(skopeo copy --dest.*)\n/ : /\n {2}(skopeo copy --src.*)\n/,
  );
  return run('sh', ['-c', printed], { env: { ...process.env, HOME: folder, TMPDIR: folder } });
}

async function tagsAt(port: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}/v2/hello/tags/list`);
  return response.status === 200 ? response.json() : response.status;
}

describe('atoll up', () => {
  test('prints commands that push to one region and pull from the other, and ends with 0 on SIGTERM', async () => {
    const first = up();
    await runPrinted(first, 'push');
    await first.says(/us +images 1 .*lag 0 s/);
    await runPrinted(first, 'pull');
    first.kill('SIGTERM');
    expect({ status: await first.end(), stderr: first.stderr }).toEqual({ status: 0, stderr: '' });
    expect((await readdir(join(folder, '.atoll'))).sort()).toEqual(['_hello', 'eu', 'us']);
  });

  test('on named buckets pushes and pulls as on folders of its own, and status reads them', async () => {
    const buckets = ['eu', 'us'].map((region) => ['--storage', `${region}=file://${folder}/buckets/${region}`]).flat();
    const command = up(...buckets);
    await runPrinted(command, 'push');
    await command.says(/us +images 1 .*lag 0 s/);
    await runPrinted(command, 'pull');
    expect(command.stdout).toContain(`in file://${folder}/buckets/us\n`);
    expect(await readdir(join(folder, 'buckets'))).toEqual(['eu', 'us']);
    expect(await readdir(join(folder, '.atoll'))).toEqual(['_hello']);
    const status = atoll(['status', ...buckets]);
    expect(await status.end()).toBe(0);
    expect(status.stdout).toContain('behind us: nothing pending');
  });

  test('names a bucket that cannot be used, and the option it was given by', async () => {
    const nowhere = up('--storage', 'ap=file:///tmp/ap', 'eu=nothing');
    expect(await nowhere.end()).toBe(2);
    expect(nowhere.stderr).toBe(
      'atoll: the configuration has a fault:\n' +
        '  --storage eu must be a URL such as file:///var/lib/atoll, not "nothing"\n',
    );
    const stranger = up('--storage', 'ap=file:///tmp/ap');
    expect(await stranger.end()).toBe(2);
    expect(stranger.stderr).toContain('  --storage names ap, and the regions are eu, us\n');
  });

  test('keeps what was pushed over a restart, and over a kill', async () => {
    const first = up();
    await runPrinted(first, 'push');
    first.kill('SIGKILL');
    await first.end();
    const second = up();
    const { eu, us } = await portsOf(second);
    expect(await tagsAt(eu)).toEqual({ name: 'hello', tags: ['1'] });
    await second.says(/us +images 1/);
    expect(await tagsAt(us)).toEqual({ name: 'hello', tags: ['1'] });
  });

  test('in a folder that another process has, says whose it is and ends with 2', async () => {
    await portsOf(up());
    const second = up();
    expect(await second.end()).toBe(2);
    expect(second.stderr).toMatch(/^atoll: \S+\/\.atoll\/eu is in use by process \d+ .*\n$/);
    expect(second.stdout).toBe('');
  });

  test('without its port says so and ends with 2', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const command = atoll(['up', '--region', 'eu=0', `us=${port}`]);
    expect(await command.end()).toBe(2);
    expect(command.stderr).toBe(
      `atoll: port ${port} of 127.0.0.1 is in use by another program: stop it, or choose another port\n`,
    );
    server.close();
  });

  test('with a file in the place of its folder says so and ends with 2', async () => {
    await writeFile(join(folder, '.atoll'), '');
    const command = up();
    expect(await command.end()).toBe(2);
    expect(command.stderr).toMatch(/^atoll: .*\.atoll.*\n$/);
    expect(command.stderr).not.toContain(' at ');
  });
});
