import { writeFile } from 'node:fs/promises';
import { pushSample } from './seed.js';
import { wantedVersion } from './tool-table.js';
import type { Client } from './trial.js';

export const notation: Client = {
  id: 'notation',
  name: 'notation',
  programs: ['notation'],
  version: async () => wantedVersion('notation') ?? '-',
  run: async (trial) => {
    const { tools, eu, us } = trial;
    const run = (...args: string[]): Promise<string> => tools.run('notation', ...args);
    await pushSample(trial, 'app', 'multi');
    const digest = trial.samples.digests.multi;
    await run('cert', 'generate-test', '--default', 'here');
    const policy = {
      name: 'all',
      registryScopes: ['*'],
      signatureVerification: { level: 'strict' },
      trustStores: ['ca:here'],
      trustedIdentities: ['*'],
    };
    await writeFile(tools.at('policy.json'), JSON.stringify({ version: '1.0', trustPolicies: [policy] }));
    await run('policy', 'import', '--force', tools.at('policy.json'));
    await trial.step('sign at eu', () => run('sign', '--insecure-registry', `${eu}/app@${digest}`));
    await trial.eventuallySays('verify at us', 'Successfully verified', () =>
      run('verify', '--insecure-registry', `${us}/app@${digest}`),
    );
    const cose = ['--signature-format', 'cose', '--force-referrers-tag=false'];
    await trial.step('sign as a referrer at eu', () =>
      run('sign', '--insecure-registry', ...cose, `${eu}/app@${digest}`),
    );
    await trial.eventuallySays('list signatures at us', 'application/vnd.cncf.notary.signature', () =>
      run('list', '--insecure-registry', `${us}/app@${digest}`),
    );
    await trial.step('inspect signatures', () => run('inspect', '--insecure-registry', `${us}/app@${digest}`));
  },
};
