import { mkdir, writeFile } from 'node:fs/promises';
import { eventually, Service } from '../harness/service.js';
import { pushSample } from './seed.js';
import { toolFile, type Tools } from './tool.js';
import type { Client, Trial } from './trial.js';

/** One of the containerds there are: the names of its programs in the table of tools. */
export interface Programs {
  readonly containerd: string;
  readonly ctr: string;
}

export interface Containerd {
  readonly service: Service;
  readonly socket: string;
}

/** A containerd of its own, with all its state under the home folder. Who starts it stops it. */
export async function startContainerd(tools: Tools, { containerd, ctr }: Programs): Promise<Containerd> {
  const folder = tools.at('containerd');
  const socket = tools.at('c.sock');
  const absent = ['snapshotter.v1.btrfs', 'snapshotter.v1.zfs', 'snapshotter.v1.devmapper', 'snapshotter.v1.aufs'];
  const cri = ['io.containerd.grpc.v1.cri', 'io.containerd.cri.v1.images', 'io.containerd.cri.v1.runtime'];
  const disabled = [...absent.map((name) => `io.containerd.${name}`), ...cri, 'io.containerd.nri.v1.nri'];
  const config = [
    'version = 2',
    `root = "${folder}/root"`,
    `state = "${folder}/state"`,
    `disabled_plugins = ${JSON.stringify(disabled)}`,
    `[grpc]\n  address = "${socket}"`,
    `[ttrpc]\n  address = "${socket}.ttrpc"`,
    `[plugins."io.containerd.internal.v1.opt"]\n  path = "${folder}/opt"`,
  ];
  await writeFile(tools.at('containerd.toml'), config.join('\n'));
  const service = new Service({
    command: toolFile(containerd),
    args: ['--config', tools.at('containerd.toml')],
    env: tools.environment(),
    logFile: tools.at('containerd.log'),
  });
  const patience = { timeoutMs: 20_000, everyMs: 100, what: 'containerd' };
  await eventually(async () => ((await tools.run(ctr, '-a', socket, 'version')) === '' ? undefined : true), patience);
  return { service, socket };
}

export const containerd = containerdClient('containerd-1', 'containerd 1 (ctr), Debian', {
  containerd: 'containerd',
  ctr: 'ctr',
});
export const containerd2 = containerdClient('containerd-2', 'containerd 2 (ctr)', {
  containerd: 'containerd2',
  ctr: 'ctr2',
});

function containerdClient(id: string, name: string, programs: Programs): Client {
  return {
    id,
    name,
    programs: [programs.containerd, programs.ctr],
    version: async (tools) => (await tools.run(programs.containerd, '--version')).split(' ')[2] ?? '',
    run: async (trial) => {
      const { service, socket } = await startContainerd(trial.tools, programs);
      try {
        await use(trial, (...args) => trial.tools.run(programs.ctr, '-a', socket, ...args));
      } finally {
        await service.stop();
      }
    },
  };
}

type Run = (...args: string[]) => Promise<string>;

const NATIVE = ['--all-platforms', '--snapshotter', 'native'];

async function use(trial: Trial, run: Run): Promise<void> {
  const { eu, us, samples } = trial;
  const pull = (image: string): Promise<string> => run('images', 'pull', '--plain-http', ...NATIVE, image);
  const push = (image: string): Promise<string> => run('images', 'push', '--plain-http', image);
  const { multi, middle, zstd } = samples.digests;
  for (const tag of ['multi', 'zstd', 'middle'] as const) await pushSample(trial, 'seed', tag);
  await trial.step('pull an index from eu', () => pull(`${eu}/seed:multi`));
  await run('images', 'tag', `${eu}/seed:multi`, `${eu}/app:1`);
  await trial.step('push an index to eu', () => push(`${eu}/app:1`));
  trial.equal(await trial.visibleEverywhere('app', '1'), multi, 'app:1');
  await trial.step('pull an index from us', () => pull(`${us}/app:1`));
  trial.equal(await digestOf(run, `${us}/app:1`), multi, 'pulled digest');
  await trial.visibleEverywhere('seed', 'zstd');
  await trial.step('pull a zstd layer from us', () => pull(`${us}/seed:zstd`));
  trial.equal(await digestOf(run, `${us}/seed:zstd`), zstd, 'pulled zstd digest');
  await trial.step('pull through a mirror (ns)', () => pullThroughMirror(trial, run));
  const half = { direction: 'to client', afterBytes: 12_000_000, times: 1 } as const;
  await trial.overCuts('pull over a cut connection', 'eu', half, async (space) => {
    await pull(`${space}/seed:middle`);
    trial.equal(await digestOf(run, `${space}/seed:middle`), middle, 'digest pulled over cuts');
  });
  await trial.mounts(async (space) => {
    await pull(`${space}/seed:middle`);
    await run('images', 'tag', `${space}/seed:middle`, `${space}/mounted:1`);
    await push(`${space}/mounted:1`);
  });
}

/** As a node does whose images of docker.io come from a mirror: each request says `?ns=docker.io`. */
async function pullThroughMirror(trial: Trial, run: Run): Promise<void> {
  const hosts = trial.tools.at('hosts', 'docker.io');
  await mkdir(hosts, { recursive: true });
  const toml = [
    'server = "http://127.0.0.1:1"',
    `[host."http://${trial.host('eu')}"]`,
    '  capabilities = ["pull", "resolve"]',
  ];
  await writeFile(`${hosts}/hosts.toml`, toml.join('\n'));
  const image = `docker.io/${trial.space}/seed:multi`;
  await run('images', 'pull', '--hosts-dir', trial.tools.at('hosts'), ...NATIVE, image);
  trial.equal(await digestOf(run, image), trial.samples.digests.multi, 'digest through the mirror');
}

async function digestOf(run: Run, image: string): Promise<string> {
  return /sha256:[0-9a-f]{64}/.exec(await run('images', 'ls', `name==${image}`))?.[0] ?? '';
}
