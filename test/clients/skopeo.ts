import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Client, Trial } from './trial.js';

const Layout = z.looseObject({ manifests: z.array(z.looseObject({ digest: z.string() })) });
const Inspected = z.looseObject({ Digest: z.string() });

export const skopeo: Client = {
  name: 'skopeo',
  programs: ['skopeo', 'umoci'],
  version: async (tools) => (await tools.run('skopeo', '--version')).replace('skopeo version ', ''),
  run: async (trial) => {
    for (const tag of ['multi', 'big'] as const) {
      await trial.step('push to eu', () => copyToEu(trial, tag), tag === 'multi' ? 'index' : 'large layer');
      await trial.equal(await trial.visibleEverywhere('app', tag), trial.samples.digests[tag], `app:${tag}`);
      await trial.equal(await pullFromUs(trial, tag), trial.samples.digests[tag], `app:${tag} as pulled`);
    }
    const { Digest } = Inspected.parse(
      JSON.parse(await trial.tools.run('skopeo', 'inspect', '--tls-verify=false', `docker://${trial.us}/app:big`)),
    );
    await trial.equal(Digest, trial.samples.digests.big, 'skopeo inspect');
    await trial.mustList(
      await trial.tools.run('skopeo', 'list-tags', '--tls-verify=false', `docker://${trial.us}/app`),
      'multi',
      'big',
    );
    await trial.step('deleted', async () => {
      await trial.tools.run('skopeo', 'delete', '--tls-verify=false', `docker://${trial.us}/app:big`);
      await trial.goneEverywhere('app', 'big');
    });
  },
};

async function copyToEu({ tools, samples, eu }: Trial, tag: string): Promise<void> {
  const target = `docker://${eu}/app:${tag}`;
  await tools.run(
    'skopeo',
    '--insecure-policy',
    'copy',
    '--all',
    '--dest-tls-verify=false',
    `oci:${samples.layout}:${tag}`,
    target,
  );
}

/** Answers the digest of what arrived. skopeo checks every byte against the digests on its way. */
async function pullFromUs(trial: Trial, tag: string): Promise<string> {
  const folder = join(trial.tools.home, `pulled-${tag}`);
  const source = `docker://${trial.us}/app:${tag}`;
  const copy = [
    '--insecure-policy',
    'copy',
    '--all',
    '--preserve-digests',
    '--src-tls-verify=false',
    source,
    `oci:${folder}:${tag}`,
  ];
  await trial.step('pull from us', () => trial.tools.run('skopeo', ...copy), tag === 'multi' ? 'index' : 'large layer');
  const layout = Layout.parse(JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')));
  return layout.manifests[0]?.digest ?? '';
}
