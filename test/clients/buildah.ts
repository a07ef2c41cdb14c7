import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from './trial.js';

export const buildah: Client = {
  name: 'buildah',
  programs: ['buildah'],
  version: async (tools) => (await tools.run('buildah', '--version')).replace(/^buildah version (\S+).*/s, '$1'),
  run: async (trial) => {
    const { home } = trial.tools;
    const storage = ['--storage-driver', 'vfs', '--root', join(home, 'r'), '--runroot', join(home, 'rr')];
    const run = (...args: string[]): Promise<string> => trial.tools.run('buildah', ...storage, ...args);
    await writeFile(join(home, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /where\nLABEL made=here\n');
    await run('bud', '--quiet', '--tag', `${trial.eu}/app:built`, home);
    for (const format of ['oci', 'v2s2']) {
      const file = join(home, `digest-${format}`);
      const push = [
        'push',
        '--tls-verify=false',
        '--format',
        format,
        '--digestfile',
        file,
        `${trial.eu}/app:built`,
        `docker://${trial.eu}/app:${format}`,
      ];
      await trial.step('push to eu', () => run(...push), format);
      await trial.equal(
        await trial.visibleEverywhere('app', format),
        (await readFile(file, 'utf8')).trim(),
        `app:${format}`,
      );
      await trial.step(
        'pull from us',
        () => run('pull', '--quiet', '--tls-verify=false', `docker://${trial.us}/app:${format}`),
        format,
      );
    }
    await run('manifest', 'create', 'list', `${trial.eu}/app:built`);
    await trial.step(
      'push to eu',
      () => run('manifest', 'push', '--tls-verify=false', '--all', 'list', `docker://${trial.eu}/app:list`),
      'index',
    );
    await trial.visibleEverywhere('app', 'list');
    await trial.step(
      'pull from us',
      () => run('pull', '--quiet', '--tls-verify=false', `docker://${trial.us}/app:list`),
      'index',
    );
  },
};
