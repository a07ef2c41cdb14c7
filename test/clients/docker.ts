import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { eventually, Service } from '../harness/service.js';
import { startContainerd, type Programs } from './containerd.js';
import { pushSample } from './seed.js';
import { wantedVersion } from './tool-table.js';
import { toolFile, type Tools } from './tool.js';
import { again, type Client, type Trial } from './trial.js';

interface Engine extends Programs {
  readonly dockerd: string;
  /** The engine's configuration file. */
  readonly config: object;
  readonly options: readonly string[];
}

const CLASSIC: Engine = {
  dockerd: 'dockerd',
  containerd: 'containerd',
  ctr: 'ctr',
  config: { 'userland-proxy': false },
  options: ['--storage-driver', 'vfs'],
};
const WITH_CONTAINERD_STORE: Engine = {
  dockerd: 'dockerd2',
  containerd: 'containerd2',
  ctr: 'ctr2',
  config: { features: { 'containerd-snapshotter': true }, 'userland-proxy': false },
  options: ['--storage-driver', 'native'],
};

export const docker = dockerClient('docker-20', 'Docker Engine, classic store', CLASSIC);
export const docker2 = dockerClient('docker-29', 'Docker Engine, containerd store', WITH_CONTAINERD_STORE);

function dockerClient(id: string, name: string, engine: Engine): Client {
  return {
    id,
    name,
    programs: [engine.dockerd, 'docker', engine.containerd, engine.ctr, 'runc'],
    version: async (tools) =>
      // What is built as a module knows no version of its own.
      wantedVersion(engine.dockerd) ??
      (await tools.run(engine.dockerd, '--version')).replace(/^Docker version ([^,]+).*/s, '$1'),
    run: async (trial) => {
      const containerd = await startContainerd(trial.tools, engine);
      try {
        const { service, tools } = await startEngine(trial.tools, engine, containerd.socket);
        try {
          await use(trial, tools);
        } finally {
          await service.stop();
          // dockerd leaves the namespace of its default network mounted.
          await trial.tools.run('umount', trial.tools.at('e', 'netns', 'default')).catch(() => undefined);
        }
      } finally {
        await containerd.service.stop();
      }
    },
  };
}

async function startEngine(
  tools: Tools,
  { dockerd, config, options }: Engine,
  containerdSocket: string,
): Promise<{ service: Service; tools: Tools }> {
  const socket = `unix://${tools.at('d.sock')}`;
  await mkdir(tools.at('docker'), { recursive: true });
  await writeFile(tools.at('d.json'), JSON.stringify(config)); // Not the machine's own configuration.
  const state = ['--data-root', tools.at('d'), '--exec-root', tools.at('e'), '-p', tools.at('d.pid'), '-H', socket];
  const modest = ['--iptables=false', '--ip6tables=false', '--bridge=none', '--default-ulimit', 'nofile=1024:1024'];
  const service = new Service({
    command: toolFile(dockerd),
    args: ['--config-file', tools.at('d.json'), '--containerd', containerdSocket, ...state, ...modest, ...options],
    env: tools.environment(),
    logFile: tools.at('dockerd.log'),
  });
  const client = tools.with({ DOCKER_HOST: socket });
  const patience = { timeoutMs: 30_000, everyMs: 200, what: 'dockerd' };
  await eventually(async () => ((await client.run('docker', 'version')) === '' ? undefined : true), patience);
  return { service, tools: client };
}

async function use(trial: Trial, tools: Tools): Promise<void> {
  const { eu, us } = trial;
  const run: Run = (...args) => tools.run('docker', ...args);
  await pushSample(trial, 'seed', 'amd64');
  await trial.step('pull from eu', () => run('pull', `${eu}/seed:amd64`));
  const id = await run('image', 'inspect', '--format', '{{.Id}}', `${eu}/seed:amd64`);
  await run('tag', id, `${eu}/app:1`);
  const said = await trial.step('push to eu', () => run('push', `${eu}/app:1`));
  const pushed = /digest: (sha256:[0-9a-f]{64})/.exec(said)?.[1];
  trial.equal(await trial.visibleEverywhere('app', '1'), pushed, 'app:1');
  await run('tag', id, `${eu}/again:1`);
  await trial.step('copy between repositories', () => run('push', `${eu}/again:1`));
  await run('rmi', '--force', id);
  await trial.step('pull from us', () => run('pull', `${us}/app:1`));
  trial.equal(await run('image', 'inspect', '--format', '{{.Id}}', `${us}/app:1`), id, 'pulled image id');
  await trial.visibleEverywhere('again', '1');
  await trial.step('pull by digest from us', () => run('pull', `${us}/again@${pushed}`));
  await movesLargeLayers(trial, run);
  await builds(trial, tools, run);
}

async function movesLargeLayers(trial: Trial, run: Run): Promise<void> {
  await trial.mounts(async (space) => {
    await run('pull', `${space}/seed:middle`);
    await run('tag', `${space}/seed:middle`, `${space}/mounted:1`);
    await run('push', `${space}/mounted:1`);
    await run('rmi', `${space}/seed:middle`, `${space}/mounted:1`);
  });
  await trial.visibleEverywhere('seed', 'middle');
  const half = { afterBytes: 12_000_000, times: 1 };
  await trial.overCuts('pull over a cut connection', 'us', { ...half, direction: 'to client' }, async (space) => {
    await run('pull', `${space}/seed:middle`);
  });
}

type Run = (...args: string[]) => Promise<string>;

async function builds(trial: Trial, tools: Tools, run: Run): Promise<void> {
  const context = tools.at('context');
  await mkdir(context);
  await writeFile(`${context}/Dockerfile`, `FROM ${trial.us}/app:1\nCOPY Dockerfile /\n`);
  await trial.step('build on an image of us', () => run('build', '--tag', `${trial.eu}/built:1`, context));
  await trial.step('push what was built to eu', () => run('push', `${trial.eu}/built:1`));
  await trial.visibleEverywhere('built', '1');
  // Content of no repository yet: anything else would be mounted.
  await writeFile(`${context}/noise`, randomBytes(24_000_000));
  await writeFile(`${context}/Dockerfile`, 'FROM scratch\nCOPY noise /\n');
  const half = { direction: 'to registry', afterBytes: 12_000_000, times: 1 } as const;
  await trial.overCuts('push again after a cut', 'eu', half, async (space) => {
    await run('build', '--tag', `${space}/noise:1`, context);
    await again(() => run('push', `${space}/noise:1`));
  });
}
