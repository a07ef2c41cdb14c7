import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { again, type Client, type Trial } from './trial.js';

const BILL = 'application/vnd.example.bill';

export const oras: Client = {
  id: 'oras',
  name: 'oras',
  programs: ['oras'],
  version: async (tools) => /^Version:\s+(\S+)/m.exec(await tools.run('oras', 'version'))?.[1] ?? '',
  run: async (trial) => {
    const { tools, eu, us } = trial;
    const run = (...args: string[]): Promise<string> => tools.run('oras', ...args);
    await writeFile(tools.at('note.txt'), 'hello from oras\n');
    await writeFile(tools.at('bill.json'), '{"parts":[]}\n');
    await trial.step('push to eu', () => run('push', '--plain-http', `${eu}/app:1`, 'note.txt:text/plain'));
    const digest = await trial.visibleEverywhere('app', '1');
    trial.equal(await run('resolve', '--plain-http', `${us}/app:1`), digest, 'oras resolve');
    await mkdir(tools.at('pulled'));
    await trial.step('pull from us', async () => {
      await run('pull', '--plain-http', '--output', tools.at('pulled'), `${us}/app:1`);
      trial.equal(await readFile(tools.at('pulled', 'note.txt'), 'utf8'), 'hello from oras\n', 'note.txt');
    });
    await attaches(trial, run);
    await trial.step('tag at us', () => run('tag', '--plain-http', `${us}/app:1`, 'two', 'three'));
    trial.equal(await trial.visibleEverywhere('app', 'three'), digest, 'app:three');
    await trial.mustList(await run('repo', 'tags', '--plain-http', `${us}/app`), '1', 'two', 'three');
    await trial.step('list repositories', () => run('repo', 'ls', '--plain-http', trial.host('us')));
    await trial.step('copy between repositories, with referrers', () =>
      run('cp', '-r', '--from-plain-http', '--to-plain-http', `${us}/app:1`, `${us}/copy:1`),
    );
    trial.equal(await trial.visibleEverywhere('copy', '1'), digest, 'copy:1');
    const layout = ['--from-oci-layout', `${trial.samples.layout}:multi`];
    await trial.step('push an index to eu', () => run('cp', '--to-plain-http', ...layout, `${eu}/app:multi`));
    trial.equal(await trial.visibleEverywhere('app', 'multi'), trial.samples.digests.multi, 'app:multi');
    await trial.movesLargeLayer(
      (to) => run('cp', '--to-plain-http', '--from-oci-layout', `${trial.samples.layout}:big`, to),
      async (from) => {
        await run('cp', '--from-plain-http', '--to-oci-layout', from, `${tools.at('large')}:1`);
        return (await run('resolve', '--oci-layout', `${tools.at('large')}:1`)).trim();
      },
    );
    await trial.mounts((space) =>
      run('cp', '--from-plain-http', '--to-plain-http', `${space}/seed:middle`, `${space}/mounted:1`),
    );
    await survivesCuts(trial, run);
    await trial.step('delete', async () => {
      await run('manifest', 'delete', '--force', '--plain-http', `${us}/app@${digest}`);
      await trial.goneEverywhere('app', '1');
    });
    await trial.step('delete a blob', () => deletesBlob(trial, run));
  },
};

type Run = (...args: string[]) => Promise<string>;

async function attaches(trial: Trial, run: Run): Promise<void> {
  const { tools, eu, us } = trial;
  const attach = ['attach', '--plain-http', '--artifact-type', BILL, `${eu}/app:1`, 'bill.json:application/json'];
  await trial.step('attach at eu', () => run(...attach));
  await trial.eventuallySays('discover at us', BILL, () =>
    run('discover', '--plain-http', '--format', 'json', `${us}/app:1`),
  );
  const saved = tools.at('saved.tar');
  await trial.step('back up with referrers', () =>
    run('backup', '--plain-http', '--include-referrers', '--output', saved, `${eu}/app:1`),
  );
  await trial.step('restore', () => run('restore', '--plain-http', '--input', saved, `${eu}/restored:1`));
  await trial.eventuallySays('discover what was restored', BILL, () =>
    run('discover', '--plain-http', '--format', 'json', `${eu}/restored:1`),
  );
}

async function survivesCuts(trial: Trial, run: Run): Promise<void> {
  const half = { afterBytes: 12_000_000, times: 1 };
  const layout = `${trial.samples.layout}:middle`;
  await trial.overCuts('push again after a cut', 'eu', { ...half, direction: 'to registry' }, (space) =>
    again(() => run('cp', '--from-oci-layout', '--to-plain-http', layout, `${space}/cut:1`)),
  );
  const pull = ['cp', '--to-oci-layout', '--from-plain-http'];
  await trial.overCuts('pull again after a cut', 'eu', { ...half, direction: 'to client' }, (space) =>
    again(() => run(...pull, `${space}/cut:1`, `${trial.tools.at('cut')}:1`)),
  );
}

async function deletesBlob({ tools, eu }: Trial, run: Run): Promise<void> {
  const said = await run('blob', 'push', '--plain-http', '--descriptor', `${eu}/blobs`, tools.at('note.txt'));
  const digest = /sha256:[0-9a-f]{64}/.exec(said)?.[0] ?? '';
  await run('blob', 'delete', '--force', '--plain-http', `${eu}/blobs@${digest}`);
}
