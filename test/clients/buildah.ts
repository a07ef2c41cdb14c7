import { readFile, writeFile } from 'node:fs/promises';
import type { Client } from './trial.js';

export const buildah: Client = {
  id: 'buildah',
  name: 'buildah',
  programs: ['buildah'],
  version: async (tools) => (await tools.run('buildah', '--version')).replace(/^buildah version (\S+).*/s, '$1'),
  run: async (trial) => {
    const { tools, eu, us } = trial;
    const storage = ['--storage-driver', 'vfs', '--root', tools.at('r'), '--runroot', tools.at('rr')];
    const run = (...args: string[]): Promise<string> => tools.run('buildah', ...storage, ...args);
    const pull = (image: string): Promise<string> => run('pull', '--quiet', '--tls-verify=false', `docker://${image}`);
    await writeFile(tools.at('Dockerfile'), 'FROM scratch\nCOPY Dockerfile /where\nLABEL made=here\n');
    await run('bud', '--quiet', '--isolation', 'chroot', '--tag', `${eu}/app:built`, tools.home);
    for (const format of ['oci', 'v2s2']) {
      const file = tools.at(`digest-${format}`);
      const push = ['push', '--tls-verify=false', '--format', format, '--digestfile', file, `${eu}/app:built`];
      await trial.step(`push ${format} to eu`, () => run(...push, `docker://${eu}/app:${format}`));
      const pushed = (await readFile(file, 'utf8')).trim();
      trial.equal(await trial.visibleEverywhere('app', format), pushed, `app:${format}`);
      await trial.step(`pull ${format} from us`, () => pull(`${us}/app:${format}`));
    }
    await run('manifest', 'create', 'list', `${eu}/app:built`);
    await trial.step('push an index to eu', () =>
      run('manifest', 'push', '--tls-verify=false', '--all', 'list', `docker://${eu}/app:list`),
    );
    await trial.visibleEverywhere('app', 'list');
    await trial.step('pull an index from us', () => pull(`${us}/app:list`));
    const cached = ['bud', '--layers', '--isolation', 'chroot', '--tls-verify=false'];
    await trial.step('export a build cache to eu', () => run(...cached, '--cache-to', `${eu}/cache`, tools.home));
    await run('rmi', '--all', '--force');
    await trial.step('import a build cache from eu', () => run(...cached, '--cache-from', `${eu}/cache`, tools.home));
  },
};
