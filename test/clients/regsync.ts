import { writeFile } from 'node:fs/promises';
import { pushSample } from './seed.js';
import { wantedVersion } from './tool-table.js';
import type { Client, Trial } from './trial.js';

export const regsync: Client = {
  id: 'regsync',
  name: 'regsync',
  programs: ['regsync'],
  version: async () => wantedVersion('regsync') ?? '-',
  run: async (trial) => {
    const { tools, eu, us } = trial;
    for (const tag of ['multi', 'amd64', 'zstd'] as const) await pushSample(trial, 'app', tag);
    const { multi, amd64 } = trial.samples.digests;
    for (const tag of ['multi', 'amd64', 'zstd']) await trial.visibleEverywhere('app', tag);
    const sync = { source: `${us}/app`, target: `${eu}/synced`, type: 'repository', referrers: true };
    await writeFile(tools.at('sync.json'), JSON.stringify({ version: 1, creds: plainHosts(trial), sync: [sync] }));
    await trial.step('copy a repository of us to eu', () => tools.run('regsync', '-c', tools.at('sync.json'), 'once'));
    trial.equal(await trial.visibleEverywhere('synced', 'multi'), multi, 'synced:multi');
    trial.equal(await trial.visibleEverywhere('synced', 'amd64'), amd64, 'synced:amd64');
    await trial.step('find nothing left to copy', () => tools.run('regsync', '-c', tools.at('sync.json'), 'check'));
  },
};

const SCRIPT = (eu: string, us: string): string => `
for _, name in ipairs(tag.ls("${us}/app")) do
  image.copy("${us}/app:" .. name, "${eu}/copied:" .. name)
end
tag.delete("${eu}/app:amd64")
`;

export const regbot: Client = {
  id: 'regbot',
  name: 'regbot',
  programs: ['regbot'],
  version: async () => wantedVersion('regbot') ?? '-',
  run: async (trial) => {
    const { tools, eu, us } = trial;
    for (const tag of ['multi', 'amd64'] as const) await pushSample(trial, 'app', tag);
    for (const tag of ['multi', 'amd64']) await trial.visibleEverywhere('app', tag);
    const scripts = [{ name: 'copy', script: SCRIPT(eu, us) }];
    await writeFile(tools.at('bot.json'), JSON.stringify({ version: 1, creds: plainHosts(trial), scripts }));
    await trial.step('list tags, copy images and delete a tag by a script', () =>
      tools.run('regbot', '-c', tools.at('bot.json'), 'once'),
    );
    trial.equal(await trial.visibleEverywhere('copied', 'multi'), trial.samples.digests.multi, 'copied:multi');
    await trial.goneEverywhere('app', 'amd64');
  },
};

function plainHosts(trial: Trial): object[] {
  return (['eu', 'us'] as const).map((region) => ({ registry: trial.host(region), tls: 'disabled' }));
}
