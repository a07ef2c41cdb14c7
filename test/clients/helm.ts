import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { content } from '../harness/images.js';
import { wantedVersion } from './tool-table.js';
import type { Client } from './trial.js';

export const helm4 = helmClient('helm-4', 'Helm 4', 'helm');
export const helm3 = helmClient('helm-3', 'Helm 3', 'helm3');

function helmClient(id: string, name: string, program: string): Client {
  return {
    id,
    name,
    programs: [program],
    version: async () => wantedVersion(program) ?? '-',
    run: async (trial) => {
      const { tools, eu, us } = trial;
      const run = (...args: string[]): Promise<string> => tools.run(program, ...args);
      await mkdir(tools.at('chart', 'templates'), { recursive: true });
      await writeFile(tools.at('chart', 'templates', 'map.yaml'), MAP);
      for (const version of ['1.0.0', '1.1.0+build.5']) {
        await writeFile(tools.at('chart', 'Chart.yaml'), `apiVersion: v2\nname: chart\nversion: ${version}\n`);
        await run('package', tools.at('chart'));
        await trial.step('push a chart to eu', () =>
          run('push', tools.at(`chart-${version}.tgz`), `oci://${eu}`, '--plain-http'),
        );
      }
      // A tag may not hold a plus sign.
      await trial.visibleEverywhere('chart', '1.1.0_build.5');
      const chart = [`oci://${us}/chart`, '--plain-http'];
      await mkdir(tools.at('pulled'));
      await trial.step('pull a chart from us', () =>
        run('pull', ...chart, '--version', '1.1.0+build.5', '--destination', tools.at('pulled')),
      );
      const [pushed, pulled] = await Promise.all(
        ['.', 'pulled'].map((folder) => readFile(tools.at(folder, 'chart-1.1.0+build.5.tgz'))),
      );
      trial.equal(content(pulled ?? Buffer.of()).digest, content(pushed ?? Buffer.of()).digest, 'the chart');
      await trial.eventuallySays('find the newest version by its tags', '1.1.0', () =>
        run('show', 'chart', ...chart, '--version', '>=1.0.0'),
      );
      await trial.step('render from us', () => run('template', 'name', ...chart, '--version', '1.0.0'));
    },
  };
}

const MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: "{{ .Release.Name }}" }\n';
