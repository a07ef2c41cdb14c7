import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Layout } from './samples.js';
import { again, type Client, type Trial } from './trial.js';

const Inspected = z.looseObject({ Digest: z.string() });

export const skopeo: Client = {
  id: 'skopeo',
  name: 'skopeo',
  programs: ['skopeo'],
  version: async (tools) => (await tools.run('skopeo', '--version')).replace('skopeo version ', ''),
  run: async (trial) => {
    await movesImages(trial);
    const { tools, eu, us } = trial;
    const inspected = await tools.run('skopeo', 'inspect', '--tls-verify=false', `docker://${us}/app:big`);
    trial.equal(Inspected.parse(JSON.parse(inspected)).Digest, trial.samples.digests.big, 'skopeo inspect');
    await trial.mustList(
      await tools.run('skopeo', 'list-tags', '--tls-verify=false', `docker://${us}/app`),
      'multi',
      'big',
    );
    await trial.step('copy between repositories', () =>
      copy(trial, `docker://${eu}/app:multi`, `docker://${eu}/copy:multi`),
    );
    trial.equal(await trial.visibleEverywhere('copy', 'multi'), trial.samples.digests.multi, 'copy:multi');
    await trial.mounts(
      (space) => copy(trial, `docker://${space}/seed:middle`, `docker://${space}/mounted:1`),
      (space) => copy(trial, `docker://${space}/seed:middle`, `dir:${tools.at('seen')}`),
    );
    await survivesCuts(trial);
    await deletesTag(trial);
  },
};

export async function deletesTag(trial: Trial): Promise<void> {
  await trial.step('delete', async () => {
    await trial.tools.run('skopeo', 'delete', '--tls-verify=false', `docker://${trial.us}/app:big`);
    await trial.goneEverywhere('app', 'big');
  });
}

/** What was cut has to be asked for again; nothing that was left behind may be in its way. */
async function survivesCuts(trial: Trial): Promise<void> {
  const half = { afterBytes: 12_000_000, times: 1 };
  await trial.overCuts('push again after a cut', 'eu', { ...half, direction: 'to registry' }, (space) =>
    again(() => copy(trial, `oci:${trial.samples.layout}:middle`, `docker://${space}/app:middle`)),
  );
  await trial.visibleEverywhere('app', 'middle');
  await trial.overCuts('pull again after a cut', 'us', { ...half, direction: 'to client' }, (space) =>
    again(() => copy(trial, `docker://${space}/app:middle`, `oci:${trial.tools.at('cut')}:1`)),
  );
}

const WORDS = { multi: 'an index', big: 'a large layer', zstd: 'a zstd layer' } as const;

export async function movesImages(trial: Trial): Promise<void> {
  for (const tag of ['multi', 'big', 'zstd'] as const) {
    const digest = trial.samples.digests[tag];
    await trial.step(`push ${WORDS[tag]} to eu`, () =>
      copy(trial, `oci:${trial.samples.layout}:${tag}`, `docker://${trial.eu}/app:${tag}`),
    );
    trial.equal(await trial.visibleEverywhere('app', tag), digest, `app:${tag}`);
    await trial.step(`pull ${WORDS[tag]} from us`, () =>
      copy(trial, `docker://${trial.us}/app:${tag}`, `oci:${trial.tools.at(tag)}:${tag}`),
    );
    // skopeo checks every byte against the digests on its way.
    const layout = Layout.parse(JSON.parse(await readFile(trial.tools.at(tag, 'index.json'), 'utf8')));
    trial.equal(layout.manifests[0]?.digest, digest, `app:${tag} as pulled`);
  }
}

/** Copies with everything as it is, so that digests stay. */
export async function copy({ tools }: Trial, from: string, to: string, ...more: string[]): Promise<void> {
  const plain = [from, to].flatMap((side, at) =>
    side.startsWith('docker://') ? [`--${at === 0 ? 'src' : 'dest'}-tls-verify=false`] : [],
  );
  const exact = to.startsWith('docker-archive') ? [] : ['--all', '--preserve-digests'];
  await tools.run('skopeo', '--insecure-policy', 'copy', ...exact, ...plain, ...more, from, to);
}
