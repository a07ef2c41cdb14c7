import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from './trial.js';

export const podman: Client = {
  name: 'podman',
  programs: ['podman'],
  version: async (tools) => (await tools.run('podman', '--version')).replace('podman version ', ''),
  run: async (trial) => {
    const { home } = trial.tools;
    const storage = [
      '--storage-driver',
      'vfs',
      '--root',
      join(home, 'r'),
      '--runroot',
      join(home, 'rr'),
      '--tmpdir',
      join(home, 't'),
    ];
    const run = (...args: string[]): Promise<string> => trial.tools.run('podman', ...storage, ...args);
    await writeFile(join(home, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /where\n');
    const id = (await run('build', '--quiet', home)).replace(/^sha256:/, '');
    const digestFile = join(home, 'digest');
    await trial.step('push to eu', () =>
      run('push', '--tls-verify=false', '--digestfile', digestFile, id, `docker://${trial.eu}/app:1`),
    );
    const pushed = await readFile(digestFile, 'utf8');
    await trial.equal(await trial.visibleEverywhere('app', '1'), pushed.trim(), 'app:1');
    await run('rmi', '--force', id);
    await trial.step('pull from us', () => run('pull', '--quiet', '--tls-verify=false', `${trial.us}/app:1`));
    await trial.equal(
      await run('image', 'inspect', '--format', '{{.Digest}}', `${trial.us}/app:1`),
      pushed.trim(),
      'pulled digest',
    );
    await trial.equal(await run('image', 'inspect', '--format', '{{.Id}}', `${trial.us}/app:1`), id, 'pulled image id');
    await trial.mustList(await run('search', '--list-tags', '--tls-verify=false', `${trial.us}/app`), '1');
    await trial.step(
      'pull from us',
      () => run('pull', '--quiet', '--tls-verify=false', `${trial.us}/app@${pushed.trim()}`),
      'by digest',
    );
  },
};
