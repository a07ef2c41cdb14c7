import { mkdir, writeFile } from 'node:fs/promises';
import { eventually, Service } from '../harness/service.js';
import { pushSample } from './seed.js';
import { wantedVersion } from './tool-table.js';
import { toolFile } from './tool.js';
import type { Client, Trial } from './trial.js';

export const buildkit: Client = {
  id: 'buildkit',
  name: 'BuildKit',
  programs: ['buildkitd', 'buildctl', 'runc'],
  version: async () => wantedVersion('buildkitd') ?? '-',
  run: async (trial) => {
    const { tools } = trial;
    const address = `unix://${tools.at('b.sock')}`;
    const hosts = (['eu', 'us'] as const).map((region) => `[registry."${trial.host(region)}"]\n  http = true\n`);
    await writeFile(tools.at('buildkitd.toml'), hosts.join(''));
    const worker = ['--oci-worker-snapshotter', 'native', '--containerd-worker=false'];
    const service = new Service({
      command: toolFile('buildkitd'),
      args: ['--config', tools.at('buildkitd.toml'), '--root', tools.at('b'), '--addr', address, ...worker],
      env: tools.environment(),
      logFile: tools.at('buildkitd.log'),
    });
    const run: Run = async (...args) => (await tools.capture('buildctl', '--addr', address, ...args)).stderr;
    try {
      const patience = { timeoutMs: 20_000, everyMs: 200, what: 'buildkitd' };
      await eventually(async () => run('debug', 'workers'), patience);
      await use(trial, run);
    } finally {
      await service.stop();
    }
  },
};

/** Answers standard error, which is where buildctl tells what it does. */
type Run = (...args: string[]) => Promise<string>;

async function use(trial: Trial, run: Run): Promise<void> {
  const { tools, eu, us } = trial;
  const context = tools.at('context');
  await mkdir(context);
  await pushSample(trial, 'base', 'multi');
  await trial.visibleEverywhere('base', 'multi');
  await writeFile(`${context}/Dockerfile`, `FROM ${us}/base:multi\nCOPY Dockerfile /one\nCOPY Dockerfile /two\n`);
  const source = ['--progress', 'plain', '--frontend', 'dockerfile.v0', '--local', `context=${context}`];
  const build = (...args: string[]): Promise<string> =>
    run('build', ...source, '--local', `dockerfile=${context}`, ...args);
  const image = (tag: string, ...more: string[]): string[] => [
    '--output',
    ['type=image', `name=${eu}/app:${tag}`, 'push=true', 'oci-mediatypes=true', ...more].join(','),
  ];
  await trial.step('build on an image of us, push to eu', () => build(...image('1')));
  await trial.visibleEverywhere('app', '1');
  for (const packed of ['zstd', 'estargz', 'uncompressed']) {
    const how = [`compression=${packed}`, 'force-compression=true'];
    await trial.step(`push ${packed} layers to eu`, () => build(...image(packed, ...how)));
    await trial.visibleEverywhere('app', packed);
  }
  const { bytes } = await trial.manifestAt('us', 'app', 'estargz');
  if (!bytes.includes('stargz/toc.digest')) throw new Error('the estargz image has no table of contents');
  const proven = ['--opt', 'attest:provenance=mode=max', '--opt', 'platform=linux/amd64,linux/arm64'];
  await trial.step('push an index with provenance to eu', () =>
    build(...image('proven', ...['name-canonical=true']), ...proven),
  );
  await trial.visibleEverywhere('app', 'proven');
  await keepsCache(trial, run, build);
}

/** With image-manifest=false the cache is an index whose children are layers and a configuration. */
async function keepsCache(trial: Trial, run: Run, build: Run): Promise<void> {
  for (const asImage of ['true', 'false']) {
    const ref = `type=registry,ref=${trial.eu}/cache:${asImage}`;
    const words = `image-manifest=${asImage}`;
    await trial.step(`export a cache to eu, ${words}`, () =>
      build('--export-cache', `${ref},mode=max,oci-mediatypes=true,${words}`),
    );
    await trial.visibleEverywhere('cache', asImage);
    await run('prune', '--all');
    await trial.step(`import a cache from us, ${words}`, async () => {
      const said = await build(
        '--import-cache',
        ref.replace(trial.eu, trial.us),
        '--output',
        'type=oci,dest=/dev/null',
      );
      if (!said.includes('CACHED')) throw new Error('nothing came from the cache');
    });
  }
}
