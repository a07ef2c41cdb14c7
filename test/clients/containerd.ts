import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, Service } from '../harness/service.js';
import { findTool, type Tools } from './tool.js';
import type { Client } from './trial.js';

export interface Containerd {
  readonly service: Service;
  readonly socket: string;
}

/** A containerd of its own, with all its state under the home folder. Who starts it stops it. */
export async function startContainerd(tools: Tools): Promise<Containerd> {
  const folder = join(tools.home, 'containerd');
  const socket = join(tools.home, 'c.sock');
  const config = join(tools.home, 'containerd.toml');
  await writeFile(
    config,
    [
      'version = 2',
      `root = "${folder}/root"`,
      `state = "${folder}/state"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]',
      `[grpc]\n  address = "${socket}"`,
      `[ttrpc]\n  address = "${socket}.ttrpc"`,
    ].join('\n'),
  );
  const logFile = join(tools.home, 'containerd.log');
  const service = new Service({
    command: findTool('containerd') ?? 'containerd',
    args: ['--config', config],
    env: tools.environment(),
    logFile,
  });
  const patience = { timeoutMs: 20_000, everyMs: 100, what: 'containerd' };
  await eventually(async () => ((await tools.run('ctr', '-a', socket, 'version')) === '' ? undefined : true), patience);
  return { service, socket };
}

export const containerd: Client = {
  name: 'containerd (ctr)',
  programs: ['containerd', 'ctr', 'skopeo'],
  version: async (tools) => (await tools.run('containerd', '--version')).split(' ')[2] ?? '',
  run: async (trial) => {
    const { service, socket } = await startContainerd(trial.tools);
    try {
      const run = (...args: string[]): Promise<string> => trial.tools.run('ctr', '-a', socket, 'images', ...args);
      const multi = trial.samples.digests.multi;
      const source = `oci:${trial.samples.layout}:multi`;
      await trial.tools.run(
        'skopeo',
        '--insecure-policy',
        'copy',
        '--all',
        '--dest-tls-verify=false',
        source,
        `docker://${trial.eu}/seed:1`,
      );
      await run('pull', '--plain-http', '--all-platforms', '--snapshotter', 'native', `${trial.eu}/seed:1`);
      await run('tag', `${trial.eu}/seed:1`, `${trial.eu}/app:1`);
      await trial.step('push to eu', () => run('push', '--plain-http', `${trial.eu}/app:1`));
      await trial.equal(await trial.visibleEverywhere('app', '1'), multi, 'app:1');
      await trial.step('pull from us', () =>
        run('pull', '--plain-http', '--all-platforms', '--snapshotter', 'native', `${trial.us}/app:1`),
      );
      const listed = await run('ls', `name==${trial.us}/app:1`);
      await trial.equal(/sha256:[0-9a-f]{64}/.exec(listed)?.[0] ?? '', multi, 'pulled digest');
    } finally {
      await service.stop();
    }
  },
};
