import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { atollMain, checkoutFolder } from './checkout.js';
import { eventually, freePorts, Service } from './service.js';
import { Wire } from './wire.js';

export interface AtollOptions {
  /** Holds the data of both regions and the log. */
  readonly folder: string;
  readonly ports: { readonly eu: number; readonly us: number };
  readonly env?: NodeJS.ProcessEnv;
}

/** The real `atoll up`: two regions in one process of its own. */
export class Atoll {
  readonly service: Service;
  readonly eu: Wire;
  readonly us: Wire;

  constructor({ folder, ports, env }: AtollOptions) {
    mkdirSync(folder, { recursive: true });
    this.service = new Service({
      command: process.execPath,
      args: [atollMain(), 'up'],
      env: {
        ...plainEnvironment(),
        ATOLL_DATA: join(folder, 'data'),
        ATOLL_REGIONS: `eu=${ports.eu},us=${ports.us}`,
        ...env,
      },
      cwd: folder,
      logFile: join(folder, 'atoll.log'),
    });
    this.eu = new Wire(`http://127.0.0.1:${ports.eu}`);
    this.us = new Wire(`http://127.0.0.1:${ports.us}`);
  }

  static async start(folder: string, env?: NodeJS.ProcessEnv): Promise<Atoll> {
    const [eu = 0, us = 0] = await freePorts(2);
    const atoll = new Atoll({ folder, ports: { eu, us }, ...(env === undefined ? {} : { env }) });
    await atoll.ready();
    return atoll;
  }

  get regions(): ReadonlyMap<string, Wire> {
    return new Map([
      ['eu', this.eu],
      ['us', this.us],
    ]);
  }

  /** @throws Error with the end of the log when the process ended or did not serve in time */
  async ready(timeoutMs = 30_000): Promise<void> {
    await Promise.all([isReady(this.service, this.eu, timeoutMs), isReady(this.service, this.us, timeoutMs)]);
  }

  async stop(): Promise<number | undefined> {
    this.#hangUp();
    return this.service.stop();
  }

  async kill(): Promise<void> {
    await this.service.kill();
    this.#hangUp();
  }

  #hangUp(): void {
    this.eu.close();
    this.us.close();
  }
}

/** Waits until `wire` serves, or its process has ended. @throws Error with the end of the log */
export async function isReady(service: Service, wire: Wire, timeoutMs = 30_000, path = '/readyz'): Promise<void> {
  const what = `${wire.url}${path} of process ${service.pid}`;
  const ready = await eventually(
    async () => {
      if (!service.running) return false;
      return (await wire.send('GET', path)).status === 200 ? true : undefined;
    },
    { timeoutMs, what },
  );
  if (!ready) throw new Error(`${what}: ended at start\n${service.tail()}`);
}

/** What the npm scripts give a process, and the README tells others to give. */
const PROCESS = z
  .record(z.string(), z.string())
  .parse(JSON.parse(readFileSync(join(checkoutFolder(), 'packages/bootstrap/process-settings.json'), 'utf8')));

/** None of the settings of whoever runs the test. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('ATOLL_'));
  return { ...PROCESS, ...Object.fromEntries(others) };
}

export interface RegionOptions {
  readonly folder: string;
  readonly region: string;
  /** Folders of the other regions' buckets. */
  readonly peers?: Readonly<Record<string, string>>;
  /** Bring in what the peers have, in the same process. */
  readonly withWorker?: boolean;
  readonly env?: NodeJS.ProcessEnv;
  /** Options of Node itself. */
  readonly nodeArgs?: readonly string[];
}

/** One region's API as a process. */
export interface Served {
  readonly service: Service;
  readonly wire: Wire;
}

/** The environment of one region whose bucket is a folder. */
function regionEnvironment({ folder, region, peers = {}, env = {} }: RegionOptions): NodeJS.ProcessEnv {
  const others = Object.entries(peers).map(([name, bucket]) => `${name}=${pathToFileURL(bucket).href}`);
  return {
    ...plainEnvironment(),
    ATOLL_REGION: region,
    ATOLL_STORAGE: pathToFileURL(folder).href,
    ...(others.length === 0 ? {} : { ATOLL_PEERS: others.join(',') }),
    ...env,
  };
}

/** The real `atoll serve`: the API of one region alone. */
export async function serveRegion(options: RegionOptions, port: number, logFile: string): Promise<Served> {
  const env = regionEnvironment({ ...options, env: { ATOLL_PORT: String(port), ...options.env } });
  const args = [
    ...(options.nodeArgs ?? []),
    atollMain(),
    'serve',
    ...(options.withWorker === true ? ['--with-worker'] : []),
  ];
  const service = new Service({ command: process.execPath, args, env, logFile });
  const wire = new Wire(`http://127.0.0.1:${port}`);
  await isReady(service, wire);
  return { service, wire };
}
