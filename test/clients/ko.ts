import { mkdir, writeFile } from 'node:fs/promises';
import { pushSample } from './seed.js';
import { wantedVersion } from './tool-table.js';
import type { Client } from './trial.js';

export const ko: Client = {
  id: 'ko',
  name: 'ko',
  programs: ['ko', 'go'],
  version: async () => wantedVersion('ko') ?? '-',
  run: async (trial) => {
    const { tools, eu, us } = trial;
    await pushSample(trial, 'base', 'amd64');
    await trial.visibleEverywhere('base', 'amd64');
    await mkdir(tools.at('main'));
    await writeFile(tools.at('main', 'go.mod'), 'module example.com/hello\n\ngo 1.21\n');
    await writeFile(tools.at('main', 'main.go'), 'package main\n\nfunc main() { println("hello from ko") }\n');
    const inFolder = tools.in(tools.at('main')).with({
      KO_DOCKER_REPO: `${eu}/app`,
      KO_DEFAULTBASEIMAGE: `${us}/base:amd64`,
      GOFLAGS: '-buildvcs=false',
      GOTOOLCHAIN: 'local',
    });
    const build = ['build', '--bare', '--insecure-registry', '--platform', 'linux/amd64'];
    const said = await trial.step('build on an image of us, push to eu', () =>
      inFolder.run('ko', ...build, '--tags', 'v1', '--sbom', 'spdx', '.'),
    );
    const digest = await trial.visibleEverywhere('app', 'v1');
    trial.equal(said.split('@')[1], digest, 'what ko says it pushed');
    await trial.step('push a bill of materials as a tag', () =>
      trial.visibleEverywhere('app', `${digest.replace(':', '-')}.sbom`),
    );
  },
};
