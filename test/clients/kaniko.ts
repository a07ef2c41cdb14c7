import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { pushSample } from './seed.js';
import { wantedVersion } from './tool-table.js';
import { toolFile } from './tool.js';
import type { Client } from './trial.js';

const DOCKERFILE =
  'FROM scratch\nCOPY executor /kaniko/executor\nENV PATH=/kaniko HOME=/root USER=root\nWORKDIR /workspace\n';
const LIMITS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];

/** It unpacks images over the root folder, so it is run in a container of its own. */
export const kaniko: Client = {
  id: 'kaniko',
  name: 'kaniko, in podman',
  programs: ['executor', 'podman', 'runc'],
  version: async () => wantedVersion('executor') ?? '-',
  run: async (trial) => {
    const { tools, eu, us } = trial;
    const folders = ['--root', tools.at('r'), '--runroot', tools.at('rr'), '--tmpdir', tools.at('t')];
    const podman = (...args: string[]): Promise<string> =>
      tools.run('podman', '--storage-driver', 'vfs', ...folders, '--runtime', 'runc', ...args);
    await mkdir(tools.at('image'));
    await copyFile(toolFile('executor'), tools.at('image', 'executor'));
    await writeFile(tools.at('image', 'Dockerfile'), DOCKERFILE);
    await podman('build', '--quiet', '--tag', 'kaniko', tools.at('image'));
    await pushSample(trial, 'base', 'amd64');
    await trial.visibleEverywhere('base', 'amd64');
    await mkdir(tools.at('context'));
    await writeFile(tools.at('context', 'file'), 'hello from kaniko\n');
    await writeFile(tools.at('context', 'Dockerfile'), `FROM ${us}/base:amd64\nCOPY file /one\nCOPY file /two\n`);
    const volume = ['--volume', `${tools.at('context')}:/workspace`];
    const plain = [
      '--insecure',
      '--insecure-pull',
      '--context',
      'dir:///workspace',
      '--digest-file',
      '/workspace/digest',
    ];
    const cache = ['--cache', '--cache-copy-layers', '--cache-repo', `${eu}/cache`];
    const build = (tag: string): Promise<string> =>
      podman(
        ...['run', '--rm', '--network', 'host', ...LIMITS, ...volume, 'localhost/kaniko', '/kaniko/executor'],
        ...[...plain, ...cache, '--destination', `${eu}/app:${tag}`],
      );
    await trial.step('build on an image of us, push to eu', () => build('1'));
    await trial.visibleEverywhere('app', '1');
    await trial.step('build from its cache in the registry', () => build('2'));
    await trial.visibleEverywhere('app', '2');
  },
};
