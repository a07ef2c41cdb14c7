import { writeFile } from 'node:fs/promises';
import { pushSample } from './seed.js';
import { wantedVersion } from './tool-table.js';
import type { Client, Trial } from './trial.js';

const PREDICATE = '{"made":"here"}';
type Run = (...args: string[]) => Promise<string>;

export const cosign3: Client = {
  id: 'cosign-3',
  name: 'cosign 3',
  programs: ['cosign'],
  version: async () => wantedVersion('cosign') ?? '-',
  run: async (trial) => {
    const run = await prepare(trial, 'cosign');
    const { tools, eu, us } = trial;
    const [signing, trusted] = [tools.at('signing.json'), tools.at('trusted.json')];
    // Without both files it asks the network for them.
    await run('signing-config', 'create', '--out', signing);
    await run('trusted-root', 'create', '--out', trusted);
    const key = ['--key', tools.at('cosign.key'), '--signing-config', signing, '--trusted-root', trusted, '-y', PLAIN];
    const check = ['--key', tools.at('cosign.pub'), '--trusted-root', trusted, '--insecure-ignore-tlog', PLAIN];
    const digest = trial.samples.digests.multi;
    await trial.step('sign at eu', () => run('sign', ...key, `${eu}/app@${digest}`));
    await trial.eventuallySays('verify at us', digest, () => run('verify', ...check, `${us}/app@${digest}`));
    const predicate = ['--predicate', tools.at('predicate.json'), '--type', 'https://example.com/made'];
    await trial.step('attest at eu', () => run('attest', ...key, ...predicate, `${eu}/app@${digest}`));
    await trial.eventuallySays('verify the attestation at us', 'payload', () =>
      run('verify-attestation', ...check, '--type', 'https://example.com/made', `${us}/app@${digest}`),
    );
    await trial.eventuallySays('list what is attached', 'sha256:', () => run('tree', PLAIN, `${us}/app@${digest}`));
    await trial.step('copy between repositories', () => run('copy', PLAIN, `${eu}/app:multi`, `${eu}/copy:1`));
    trial.equal(await trial.visibleEverywhere('copy', '1'), digest, 'copy:1');
    await trial.step('download the attestation', () => run('download', 'attestation', PLAIN, `${eu}/app@${digest}`));
  },
};

const PLAIN = '--allow-http-registry';

/** Each way to store signatures: as a tag, as a referrer, and as a bundle that is a referrer. */
const WAYS = {
  'as a tag': { mode: [], env: {}, check: [] },
  'as a referrer': {
    mode: ['--registry-referrers-mode', 'oci-1-1'],
    env: { COSIGN_EXPERIMENTAL: '1' },
    check: ['--experimental-oci11'],
  },
  'as a bundle': {
    mode: ['--new-bundle-format'],
    env: {},
    check: ['--new-bundle-format', '--trusted-root', 'trusted.json'],
  },
} as const;

export const cosign2: Client = {
  id: 'cosign-2',
  name: 'cosign 2',
  programs: ['cosign2'],
  version: async () => wantedVersion('cosign2') ?? '-',
  run: async (trial) => {
    const run = await prepare(trial, 'cosign2');
    const { tools, eu, us } = trial;
    await run('trusted-root', 'create', '--out', tools.at('trusted.json'));
    for (const [at, [way, { mode, env, check }]] of Object.entries(WAYS).entries()) {
      const tag = (['multi', 'amd64', 'zstd'] as const)[at] ?? 'multi';
      const digest = trial.samples.digests[tag];
      const experiment: Run = (...args) => tools.with({ ...ENV, ...env }).run('cosign2', ...args);
      const key = ['--key', tools.at('cosign.key'), '--tlog-upload=false', '-y', PLAIN];
      const pub = ['--key', tools.at('cosign.pub'), '--insecure-ignore-tlog', PLAIN];
      await trial.step(`sign ${way} at eu`, () => experiment('sign', ...key, ...mode, `${eu}/app@${digest}`));
      await trial.eventuallySays(`verify ${way} at us`, digest, () =>
        experiment('verify', ...pub, ...check, `${us}/app@${digest}`),
      );
    }
    const digest = trial.samples.digests.multi;
    const predicate = ['--predicate', tools.at('predicate.json'), '--tlog-upload=false', '-y', PLAIN];
    await trial.step('attest at eu', () =>
      run('attest', '--key', tools.at('cosign.key'), ...predicate, `${eu}/app@${digest}`),
    );
    await trial.step('attach a bill of materials', () =>
      run('attach', 'sbom', '--sbom', tools.at('predicate.json'), PLAIN, `${eu}/app@${digest}`),
    );
    await trial.step('copy between repositories', () => run('copy', PLAIN, `${eu}/app:multi`, `${eu}/copy:1`));
    await trial.step('save', () => run('save', PLAIN, '--dir', tools.at('saved'), `${eu}/app:multi`));
    await trial.step('load', () => run('load', PLAIN, '--dir', tools.at('saved'), `${eu}/loaded:1`));
    await trial.step('delete signatures', () => run('clean', '--force', PLAIN, `${eu}/app:multi`));
    await trial.goneEverywhere('app', `${digest.replace(':', '-')}.sig`);
  },
};

const ENV = { COSIGN_PASSWORD: 'x' };

/** Images to sign, and a pair of keys. */
async function prepare(trial: Trial, program: string): Promise<Run> {
  const tools = trial.tools.with(ENV);
  for (const tag of ['multi', 'amd64', 'zstd'] as const) await pushSample(trial, 'app', tag);
  await writeFile(tools.at('predicate.json'), PREDICATE);
  await tools.run(program, 'generate-key-pair');
  return (...args) => tools.run(program, ...args);
}
