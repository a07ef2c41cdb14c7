import { mkdir, writeFile } from 'node:fs/promises';
import { copy } from './skopeo.js';
import type { Client } from './trial.js';

/** umoci knows layouts on disk only; skopeo carries them. */
export const umoci: Client = {
  id: 'umoci',
  name: 'umoci, with skopeo',
  programs: ['umoci', 'skopeo'],
  version: async (tools) => /[\d.]+\S*/.exec(await tools.run('umoci', '--version'))?.[0] ?? '',
  run: async (trial) => {
    const { tools, eu, us } = trial;
    const layout = tools.at('layout');
    await tools.run('umoci', 'init', '--layout', layout);
    await tools.run('umoci', 'new', '--image', `${layout}:1`);
    await trial.step('push an image without layers to eu', () =>
      copy(trial, `oci:${layout}:1`, `docker://${eu}/app:empty`),
    );
    for (const tag of ['1', '2']) {
      const bundle = tools.at(`bundle-${tag}`);
      await tools.run('umoci', 'unpack', '--image', `${layout}:1`, bundle);
      await mkdir(`${bundle}/rootfs`, { recursive: true });
      await writeFile(`${bundle}/rootfs/file-${tag}`, `layer ${tag}\n`);
      await trial.step('add a layer', () => tools.run('umoci', 'repack', '--image', `${layout}:1`, bundle));
      await trial.step('push to eu', () => copy(trial, `oci:${layout}:1`, `docker://${eu}/app:${tag}`));
    }
    const digest = await trial.visibleEverywhere('app', '2');
    await trial.step('pull from us', () => copy(trial, `docker://${us}/app:2`, `oci:${tools.at('pulled')}:2`));
    const again = tools.at('again');
    await trial.step('unpack', () => tools.run('umoci', 'unpack', '--image', `${tools.at('pulled')}:2`, again));
    trial.equal(await trial.digestAt('us', 'app', digest), digest, 'app by digest');
  },
};
