import { link, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { again, type Client } from './trial.js';

export const podman: Client = {
  id: 'podman',
  name: 'podman',
  programs: ['podman'],
  version: async (tools) => (await tools.run('podman', '--version')).replace('podman version ', ''),
  run: async (trial) => {
    const { tools, eu, us } = trial;
    const folders = ['--root', tools.at('r'), '--runroot', tools.at('rr'), '--tmpdir', tools.at('t')];
    const run = (...args: string[]): Promise<string> =>
      tools.run('podman', '--storage-driver', 'vfs', ...folders, ...args);
    const pull = (image: string): Promise<string> => run('pull', '--quiet', '--tls-verify=false', image);
    const push = async (image: string, target: string, ...more: string[]): Promise<string> => {
      await run('push', '--tls-verify=false', '--digestfile', tools.at('digest'), ...more, image, `docker://${target}`);
      return (await readFile(tools.at('digest'), 'utf8')).trim();
    };
    await writeFile(tools.at('Dockerfile'), 'FROM scratch\nCOPY Dockerfile /where\n');
    const id = (await run('build', '--quiet', tools.home)).replace(/^sha256:/, '');
    const pushed = await trial.step('push to eu', () => push(id, `${eu}/app:1`));
    trial.equal(await trial.visibleEverywhere('app', '1'), pushed, 'app:1');
    await trial.step('copy between repositories', () => push(id, `${eu}/copy:1`));
    const zstd = await trial.step('push a zstd layer to eu', () =>
      push(id, `${eu}/app:zstd`, '--compression-format', 'zstd'),
    );
    trial.equal(await trial.visibleEverywhere('app', 'zstd'), zstd, 'app:zstd');
    await trial.step('push zstd:chunked to eu', () =>
      push(id, `${eu}/app:chunked`, '--compression-format', 'zstd:chunked'),
    );
    await run('rmi', '--force', id);
    await trial.step('pull from us', () => pull(`${us}/app:1`));
    const inspect = (format: string): Promise<string> => run('image', 'inspect', '--format', format, `${us}/app:1`);
    trial.equal(await inspect('{{.Digest}}'), pushed, 'pulled digest');
    trial.equal(await inspect('{{.Id}}'), id, 'pulled image id');
    await trial.mustList(await run('search', '--list-tags', '--tls-verify=false', `${us}/app`), '1', 'zstd');
    await trial.step('pull by digest from us', () => pull(`${us}/app@${pushed}`));
    await run('rmi', '--force', id);
    await trial.step('pull a zstd layer from us', () => pull(`${us}/app:zstd`));
    await trial.visibleEverywhere('app', 'chunked');
    await trial.step('pull zstd:chunked from us', () => pull(`${us}/app:chunked`));
    await run('rmi', '--all', '--force');
    await trial.movesLargeLayer(
      async (to) => {
        // Its own layer: it pulls no layout whose path has capital letters.
        const context = tools.at('large');
        await mkdir(context);
        await link(trial.samples.largeFile, join(context, 'payload'));
        await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY payload /payload\n');
        await push((await run('build', '--quiet', context)).trim().replace(/^sha256:/, ''), to);
      },
      async (from) => {
        await run('rmi', '--all', '--force');
        await pull(from);
        return run('image', 'inspect', '--format', '{{.Digest}}', from);
      },
    );
    await trial.mounts(async (space) => {
      await pull(`${space}/seed:middle`);
      await push(`${space}/seed:middle`, `${space}/mounted:1`);
    });
    await run('rmi', '--all', '--force');
    const half = { direction: 'to client', afterBytes: 12_000_000, times: 1 } as const;
    await trial.overCuts('pull again after a cut', 'eu', half, (space) => again(() => pull(`${space}/seed:middle`)));
  },
};
