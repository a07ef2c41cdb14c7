import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Layout } from './samples.js';
import { tarOf } from './tar.js';
import type { Client } from './trial.js';

export const crane: Client = {
  id: 'crane',
  name: 'crane',
  programs: ['crane'],
  version: (tools) => tools.run('crane', 'version'),
  run: async (trial) => {
    const { tools, eu, us } = trial;
    const run = (...args: string[]): Promise<string> => tools.run('crane', '--insecure', ...args);
    await writeFile(tools.at('layer.tar'), tarOf([{ name: 'file', content: Buffer.from('hello from crane\n') }]));
    await trial.step('push to eu', () => run('append', '-f', tools.at('layer.tar'), '-t', `${eu}/app:1`));
    const digest = await trial.visibleEverywhere('app', '1');
    trial.equal(await run('digest', `${us}/app:1`), digest, 'crane digest');
    await trial.step('pull from us', () => run('pull', `${us}/app:1`, tools.at('pulled.tar')));
    await trial.step('validate at us', () => run('validate', '--remote', `${us}/app:1`));
    await trial.step('push an index to eu', () => run('index', 'append', '-m', `${eu}/app:1`, '-t', `${eu}/app:index`));
    await trial.visibleEverywhere('app', 'index');
    await trial.step('copy between repositories', () => run('copy', `${eu}/app:index`, `${eu}/copy:index`));
    await trial.step('tag at us', () => run('tag', `${us}/app:1`, 'two'));
    trial.equal(await trial.visibleEverywhere('app', 'two'), digest, 'app:two');
    await trial.step('mutate at eu', () => run('mutate', `${eu}/app:1`, '--label', 'a=b', '-t', `${eu}/app:mutated`));
    await trial.mustList(await run('ls', `${eu}/app`), '1', 'index', 'two', 'mutated');
    await trial.step('list repositories', () => run('catalog', trial.host('us')));
    const source = tools.at('layout');
    await mkdir(source);
    await trial.step('pull a layout from us', () => run('pull', '--format', 'oci', `${us}/app:index`, source));
    await trial.step('push a layout to eu', () => run('push', '--index', source, `${eu}/again:1`));
    const all = tools.at('all');
    await trial.movesLargeLayer(
      (to) => run('push', trial.samples.layout, to, '--index'),
      async (from) => {
        await run('pull', '--format', 'oci', from, all);
        return Layout.parse(JSON.parse(await readFile(join(all, 'index.json'), 'utf8'))).manifests[0]?.digest ?? '';
      },
    );
    await trial.overCuts(
      'push over a cut connection',
      'eu',
      { direction: 'to registry', afterBytes: 12e6, times: 1 },
      (cut) => run('push', trial.samples.layout, `${cut}/cut:1`, '--index'),
    );
    await trial.mounts((space) => run('copy', `${space}/seed:middle`, `${space}/mounted:1`));
    await trial.visibleEverywhere('copy', 'index');
    await trial.step('delete', async () => {
      await run('delete', `${eu}/copy@${await run('digest', `${eu}/copy:index`)}`);
      await trial.goneEverywhere('copy', 'index');
    });
  },
};
