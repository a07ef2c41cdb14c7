import { pushSample } from './seed.js';
import { wantedVersion } from './tool-table.js';
import type { Client } from './trial.js';

export const syft: Client = {
  id: 'syft',
  name: 'syft',
  programs: ['syft'],
  version: async () => wantedVersion('syft') ?? '-',
  run: async (trial) => {
    await pushSample(trial, 'app', 'multi');
    await trial.visibleEverywhere('app', 'multi');
    const tools = trial.tools.with({
      SYFT_REGISTRY_INSECURE_USE_HTTP: 'true',
      SYFT_CHECK_FOR_APP_UPDATE: 'false',
    });
    for (const side of ['eu', 'us'] as const)
      await trial.step(`make a bill of materials from ${side}`, async () => {
        const bill = await tools.run('syft', 'scan', '-q', '-o', 'syft-json', `registry:${trial[side]}/app:multi`);
        if (!bill.includes(trial.samples.digests.amd64)) throw new Error('another image was read');
      });
  },
};

export const trivy: Client = {
  id: 'trivy',
  name: 'trivy',
  programs: ['trivy'],
  version: async () => wantedVersion('trivy') ?? '-',
  run: async (trial) => {
    await pushSample(trial, 'app', 'multi');
    await trial.visibleEverywhere('app', 'multi');
    const offline = ['--scanners', 'secret', '--offline-scan', '--image-src', 'remote', '--insecure', '--quiet'];
    for (const side of ['eu', 'us'] as const)
      await trial.step(`look for secrets in an image of ${side}`, async () => {
        const image = `${trial[side]}/app:multi`;
        const found = await trial.tools.run(
          'trivy',
          'image',
          ...offline,
          '--format',
          'json',
          '--list-all-pkgs=false',
          image,
        );
        if (!found.includes(image)) throw new Error('another image was read');
      });
  },
};
