import { writeFile } from 'node:fs/promises';
import type { Client, Trial } from './trial.js';

const SEAL = 'application/vnd.example.seal';

export const regctl: Client = {
  id: 'regctl',
  name: 'regctl',
  programs: ['regctl'],
  version: async (tools) => /VCSTag:\s+(\S+)/.exec(await tools.run('regctl', 'version'))?.[1] ?? '',
  run: async (trial) => {
    const { tools, eu, us, samples } = trial;
    const run = runOver(trial, trial.host('eu'), trial.host('us'));
    const { multi } = samples.digests;
    await trial.step('push an index to eu', () =>
      run('image', 'copy', `ocidir://${samples.layout}:multi`, `${eu}/app:1`),
    );
    trial.equal(await trial.visibleEverywhere('app', '1'), multi, 'app:1');
    const pulled = `ocidir://${tools.at('pulled')}:1`;
    await trial.step('pull an index from us', () => run('image', 'copy', `${us}/app:1`, pulled));
    trial.equal(await run('image', 'digest', pulled), multi, 'pulled digest');
    const large = `ocidir://${tools.at('large')}:1`;
    await trial.movesLargeLayer(
      (to) => run('image', 'copy', `ocidir://${samples.layout}:big`, to),
      async (from) => {
        await run('image', 'copy', from, large);
        return run('image', 'digest', large);
      },
    );
    await writeFile(tools.at('seal.txt'), 'sealed\n');
    const seal = ['--artifact-type', SEAL, '--file', tools.at('seal.txt'), '--file-media-type', 'text/plain'];
    await trial.step('attach at eu', () => run('artifact', 'put', ...seal, '--subject', `${eu}/app:1`));
    await trial.eventuallySays('list referrers at us', SEAL, () => run('artifact', 'list', `${us}/app:1`));
    await trial.step('copy between repositories, with referrers', () =>
      run('image', 'copy', '--referrers', '--digest-tags', `${eu}/app:1`, `${eu}/copy:1`),
    );
    await trial.eventuallySays('list referrers of the copy', SEAL, () => run('artifact', 'tree', `${eu}/copy:1`));
    await trial.step('export and import', async () => {
      await run('image', 'export', `${us}/app:1`, tools.at('image.tar'));
      await run('image', 'import', `${eu}/imported:1`, tools.at('image.tar'));
    });
    await trial.step('change a manifest', () =>
      run('image', 'mod', `${eu}/app:1`, '--create', 'zstd', '--layer-compress', 'zstd'),
    );
    await trial.mustList(await run('tag', 'ls', `${us}/app`), '1');
    await trial.step('list repositories', () => run('repo', 'ls', trial.host('eu')));
    await trial.mounts((space, host) =>
      runOver(trial, host)('image', 'copy', `${space}/seed:middle`, `${space}/mounted:1`),
    );
    await pushesInChunks(trial);
    await resumes(trial);
    await trial.step('delete a tag', async () => {
      await run('tag', 'delete', `${us}/app:1`);
      await trial.goneEverywhere('app', '1');
    });
    await trial.step('delete a manifest', async () => {
      await run('manifest', 'delete', `${eu}/copy@${multi}`);
      await trial.goneEverywhere('copy', multi);
    });
  },
};

/** What a host with a small limit makes of every layer: PATCH after PATCH, each with its Content-Range. */
async function pushesInChunks(trial: Trial): Promise<void> {
  const { tools, eu, samples } = trial;
  const chunks = ['--blob-chunk', '1000000', '--blob-max', '1000000'];
  // A configuration of its own: it would hold for all that follows.
  const careful = tools.with({ REGCTL_CONFIG: tools.at('chunks.json') });
  await careful.run('regctl', 'registry', 'set', trial.host('eu'), '--tls', 'disabled', ...chunks);
  await trial.step('push in chunks to eu', () =>
    careful.run('regctl', 'image', 'copy', `ocidir://${samples.layout}:middle`, `${eu}/chunks:1`),
  );
  trial.equal(await trial.visibleEverywhere('chunks', '1'), samples.digests.middle, 'chunks:1');
}

async function resumes(trial: Trial): Promise<void> {
  const { tools, samples } = trial;
  const half = { direction: 'to registry', afterBytes: 12_000_000, times: 2 } as const;
  await trial.overCuts('push over a cut connection', 'eu', half, (space, host) =>
    runOver(trial, host)('image', 'copy', `ocidir://${samples.layout}:middle`, `${space}/app:middle`),
  );
  trial.equal(await trial.visibleEverywhere('app', 'middle'), samples.digests.middle, 'app:middle');
  await trial.overCuts('pull over a cut connection', 'us', { ...half, direction: 'to client' }, (space, host) =>
    runOver(trial, host)('image', 'copy', `${space}/app:middle`, `ocidir://${tools.at('cut')}:1`),
  );
}

/** regctl, told that these hosts speak plain HTTP. */
function runOver({ tools }: Trial, ...hosts: string[]): (...args: string[]) => Promise<string> {
  const told = hosts.flatMap((host) => ['--host', `reg=${host},tls=disabled`]);
  return (...args) => tools.run('regctl', ...told, ...args);
}
