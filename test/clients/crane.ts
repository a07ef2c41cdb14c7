import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from './trial.js';

export const crane: Client = {
  name: 'crane',
  programs: ['crane', 'tar'],
  version: (tools) => tools.run('crane', 'version'),
  run: async (trial) => {
    const run = (...args: string[]): Promise<string> => trial.tools.run('crane', '--insecure', ...args);
    const layer = join(trial.tools.home, 'layer.tar');
    await writeFile(join(trial.tools.home, 'file'), 'hello from crane\n');
    await trial.tools.run('tar', '-cf', layer, '-C', trial.tools.home, 'file');
    await trial.step('push to eu', () => run('append', '-f', layer, '-t', `${trial.eu}/app:1`));
    const digest = await trial.visibleEverywhere('app', '1');
    await trial.equal(await run('digest', `${trial.us}/app:1`), digest, 'crane digest');
    await trial.step('pull from us', () => run('pull', `${trial.us}/app:1`, join(trial.tools.home, 'pulled.tar')));
    await trial.step('pull from us', () => run('validate', '--remote', `${trial.us}/app:1`), 'validated');
    await trial.step(
      'more',
      () => run('index', 'append', '-m', `${trial.eu}/app:1`, '-t', `${trial.eu}/app:index`),
      'index append',
    );
    await trial.visibleEverywhere('app', 'index');
    await trial.step('more', () => run('copy', `${trial.eu}/app:index`, `${trial.eu}/copy:index`), 'copy with mounts');
    await trial.step('more', () => run('tag', `${trial.us}/app:1`, 'two'), 'tag at us');
    await trial.equal(await trial.visibleEverywhere('app', 'two'), digest, 'app:two');
    await trial.mustList(await run('ls', `${trial.eu}/app`), '1', 'index', 'two');
    await trial.step('more', () => run('catalog', trial.us.split('/')[0] ?? ''), 'catalog');
    await trial.visibleEverywhere('copy', 'index');
    await trial.step('deleted', async () => {
      await run('delete', `${trial.eu}/copy@${await run('digest', `${trial.eu}/copy:index`)}`);
      await trial.goneEverywhere('copy', 'index');
    });
  },
};
