import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from './trial.js';
import { eventually } from '../harness/service.js';

export const regctl: Client = {
  name: 'regctl',
  programs: ['regctl'],
  version: async (tools) => /VCSTag:\s+(\S+)/.exec(await tools.run('regctl', 'version'))?.[1] ?? '',
  run: async (trial) => {
    const hosts = [trial.eu, trial.us].flatMap((space) => ['--host', `reg=${space.split('/')[0]},tls=disabled`]);
    const run = (...args: string[]): Promise<string> => trial.tools.run('regctl', ...hosts, ...args);
    const { multi } = trial.samples.digests;
    await trial.step(
      'push to eu',
      () => run('image', 'copy', `ocidir://${trial.samples.layout}:multi`, `${trial.eu}/app:1`),
      'index',
    );
    await trial.equal(await trial.visibleEverywhere('app', '1'), multi, 'app:1');
    await trial.step(
      'pull from us',
      () => run('image', 'copy', `${trial.us}/app:1`, `ocidir://${join(trial.tools.home, 'pulled')}:1`),
      'index',
    );
    await trial.equal(
      await run('image', 'digest', `ocidir://${join(trial.tools.home, 'pulled')}:1`),
      multi,
      'pulled digest',
    );
    await writeFile(join(trial.tools.home, 'seal.txt'), 'sealed\n');
    const artifact = [
      '--artifact-type',
      'application/vnd.example.seal',
      '--file',
      join(trial.tools.home, 'seal.txt'),
      '--file-media-type',
      'text/plain',
    ];
    await trial.step(
      'more',
      () => run('artifact', 'put', ...artifact, '--subject', `${trial.eu}/app:1`),
      'artifact at eu',
    );
    const listed = async (): Promise<true | undefined> =>
      (await run('artifact', 'list', `${trial.us}/app:1`)).includes('application/vnd.example.seal') ? true : undefined;
    await trial.step(
      'more',
      () => eventually(listed, { timeoutMs: 30_000, everyMs: 200, what: 'the artifact at us' }),
      'listed at us',
    );
    await trial.mustList(await run('tag', 'ls', `${trial.us}/app`), '1');
    await trial.step('deleted', async () => {
      await run('tag', 'delete', `${trial.us}/app:1`);
      await trial.goneEverywhere('app', '1');
    });
  },
};
