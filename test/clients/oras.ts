import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from './trial.js';
import { eventually } from '../harness/service.js';

export const oras: Client = {
  name: 'oras',
  programs: ['oras'],
  version: async (tools) => /^Version:\s+(\S+)/m.exec(await tools.run('oras', 'version'))?.[1] ?? '',
  run: async (trial) => {
    const run = (...args: string[]): Promise<string> => trial.tools.run('oras', ...args);
    const { home } = trial.tools;
    await writeFile(join(home, 'note.txt'), 'hello from oras\n');
    await writeFile(join(home, 'bill.json'), '{"parts":[]}\n');
    await trial.step('push to eu', () => run('push', '--plain-http', `${trial.eu}/app:1`, 'note.txt:text/plain'));
    const digest = await trial.visibleEverywhere('app', '1');
    await trial.equal(await run('resolve', '--plain-http', `${trial.us}/app:1`), digest, 'oras resolve');
    await mkdir(join(home, 'pulled'));
    await trial.step('pull from us', async () => {
      await run('pull', '--plain-http', '--output', join(home, 'pulled'), `${trial.us}/app:1`);
      if ((await readFile(join(home, 'pulled', 'note.txt'), 'utf8')) !== 'hello from oras\n')
        throw new Error('other bytes');
    });
    await trial.step(
      'more',
      () =>
        run(
          'attach',
          '--plain-http',
          '--artifact-type',
          'application/vnd.example.bill',
          `${trial.eu}/app:1`,
          'bill.json:application/json',
        ),
      'attach at eu',
    );
    const attached = async (): Promise<true | undefined> =>
      (await run('discover', '--plain-http', '--format', 'json', `${trial.us}/app:1`)).includes(
        'application/vnd.example.bill',
      )
        ? true
        : undefined;
    await trial.step(
      'more',
      () => eventually(attached, { timeoutMs: 30_000, everyMs: 200, what: 'the referrer at us' }),
      'discover at us',
    );
    await trial.step(
      'more',
      () => run('cp', '-r', '--from-plain-http', '--to-plain-http', `${trial.us}/app:1`, `${trial.us}/copy:1`),
      'cp -r at us',
    );
    await trial.equal(await trial.visibleEverywhere('copy', '1'), digest, 'copy:1');
    await trial.mustList(await run('repo', 'tags', '--plain-http', `${trial.us}/app`), '1');
    await trial.step('deleted', async () => {
      await run('manifest', 'delete', '--force', '--plain-http', `${trial.us}/app@${digest}`);
      await trial.goneEverywhere('app', '1');
    });
  },
};
