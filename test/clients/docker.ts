import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, Service } from '../harness/service.js';
import { startContainerd } from './containerd.js';
import { findTool, Tools } from './tool.js';
import type { Client, Trial } from './trial.js';

export const docker: Client = {
  name: 'Docker Engine',
  programs: ['dockerd', 'docker', 'containerd', 'ctr', 'skopeo'],
  version: async (tools) => (await tools.run('dockerd', '--version')).replace(/^Docker version ([^,]+).*/s, '$1'),
  run: async (trial) => {
    const { service, socket } = await startContainerd(trial.tools);
    try {
      const engine = await startEngine(trial.tools, socket);
      try {
        await use(trial, engine.tools);
      } finally {
        await engine.service.stop();
        // dockerd leaves the namespace of its default network mounted.
        await trial.tools.run('umount', join(trial.tools.home, 'e', 'netns', 'default')).catch(() => undefined);
      }
    } finally {
      await service.stop();
    }
  },
};

async function startEngine(tools: Tools, containerdSocket: string): Promise<{ service: Service; tools: Tools }> {
  const at = (name: string): string => join(tools.home, name);
  await mkdir(at('docker'), { recursive: true });
  await writeFile(at('d.json'), '{}'); // Not the machine's own configuration.
  const args = [
    '--config-file',
    at('d.json'),
    '--containerd',
    containerdSocket,
    '--data-root',
    at('d'),
    '--exec-root',
    at('e'),
    '-p',
    at('d.pid'),
  ];
  const modest = [
    '--storage-driver',
    'vfs',
    '--iptables=false',
    '--ip6tables=false',
    '--bridge=none',
    '--default-ulimit',
    'nofile=1024:1024',
  ];
  const service = new Service({
    command: findTool('dockerd') ?? 'dockerd',
    args: [...args, '-H', `unix://${at('d.sock')}`, ...modest],
    env: tools.environment(),
    logFile: at('dockerd.log'),
  });
  const client = new Tools({ home: tools.home, env: { DOCKER_HOST: `unix://${at('d.sock')}` } });
  const patience = { timeoutMs: 30_000, everyMs: 200, what: 'dockerd' };
  await eventually(async () => ((await client.run('docker', 'version')) === '' ? undefined : true), patience);
  return { service, tools: client };
}

async function use(trial: Trial, tools: Tools): Promise<void> {
  const run = (...args: string[]): Promise<string> => tools.run('docker', ...args);
  const archive = join(tools.home, 'image.tar');
  await tools.run(
    'skopeo',
    '--insecure-policy',
    'copy',
    `oci:${trial.samples.layout}:amd64`,
    `docker-archive:${archive}:${trial.eu}/app:1`,
  );
  await run('load', '--quiet', '--input', archive);
  const id = await run('image', 'inspect', '--format', '{{.Id}}', `${trial.eu}/app:1`);
  const said = await trial.step('push to eu', () => run('push', `${trial.eu}/app:1`));
  const pushed = /digest: (sha256:[0-9a-f]{64})/.exec(said)?.[1] ?? '';
  await trial.equal(await trial.visibleEverywhere('app', '1'), pushed, 'app:1');
  await run('tag', `${trial.eu}/app:1`, `${trial.eu}/again:1`);
  await trial.step('push to eu', () => run('push', `${trial.eu}/again:1`), 'mounted');
  await run('rmi', '--force', id);
  await trial.step('pull from us', () => run('pull', `${trial.us}/app:1`));
  await trial.equal(await run('image', 'inspect', '--format', '{{.Id}}', `${trial.us}/app:1`), id, 'pulled image id');
  await trial.visibleEverywhere('again', '1');
  await trial.step('pull from us', () => run('pull', `${trial.us}/again@${pushed}`), 'by digest');
}
