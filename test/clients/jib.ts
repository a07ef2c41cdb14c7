import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkoutFolder } from '../harness/checkout.js';
import { pushSample } from './seed.js';
import { toolFile } from './tool.js';
import type { Client } from './trial.js';

/** The library under the plugins for Maven and Gradle, driven by a small program of ours. */
export const jib: Client = {
  id: 'jib',
  name: 'Jib (jib-core)',
  programs: ['jib-core', 'java'],
  version: async () => /jib-core-([\d.]+)\.jar$/.exec(toolFile('jib-core'))?.[1] ?? '-',
  run: async (trial) => {
    const { tools, eu, us } = trial;
    for (const tag of ['amd64', 'multi'] as const) {
      await pushSample(trial, 'base', tag);
      await trial.visibleEverywhere('base', tag);
    }
    await writeFile(tools.at('file'), 'hello from jib\n');
    const program = join(checkoutFolder(), 'test/clients/jib/Push.java');
    const java = ['-cp', join(dirname(toolFile('jib-core')), '*'), `-Duser.home=${tools.home}`, program];
    const push = (base: string, target: string, cache: string): Promise<string> =>
      tools.run('java', ...java, base, target, tools.at('file'), tools.at(cache));
    const said = await trial.step('pull a base from us, push to eu', () =>
      push(`${us}/base:amd64`, `${eu}/app:1`, 'cache'),
    );
    trial.equal(await trial.visibleEverywhere('app', '1'), said.split('\n').at(-1), 'app:1');
    await trial.step('mount the layers of a base in eu', () => push(`${eu}/base:amd64`, `${eu}/mounted:1`, 'other'));
    await trial.step('pull a base that is an index', () => push(`${us}/base:multi`, `${eu}/app:2`, 'third'));
    await trial.visibleEverywhere('app', '2');
  },
};
