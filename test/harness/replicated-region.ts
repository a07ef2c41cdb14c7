import { join } from 'node:path';
import { serveRegion, type Served } from './atoll.js';
import { RoundRobinProxy } from './round-robin-proxy.js';
import { freePorts } from './service.js';
import { Wire } from './wire.js';

export interface ReplicatedRegionOptions {
  readonly region: string;
  /** The URL of a bucket that several processes may have open. */
  readonly storage: string;
  /** Bucket URLs of the other regions; one of the processes then works for this one. */
  readonly peers?: Readonly<Record<string, string>>;
  readonly env?: NodeJS.ProcessEnv;
  /** Holds the logs. */
  readonly folder: string;
  readonly processes?: number;
}

interface Replica {
  readonly port: number;
  readonly served: Served;
}

/** One region's API as several processes on one bucket, behind a hop that sends each request to the next one. */
export class ReplicatedRegion {
  readonly #replicas: (Replica | undefined)[] = [];
  #proxy: RoundRobinProxy | undefined;
  #wire: Wire | undefined;

  private constructor(private readonly options: ReplicatedRegionOptions) {}

  /** All processes start at the same time, on an empty bucket too. @throws Error with the end of a log */
  static async start(options: ReplicatedRegionOptions): Promise<ReplicatedRegion> {
    const region = new ReplicatedRegion(options);
    try {
      const places = Array.from({ length: options.processes ?? 3 }, (_, at) => at);
      await Promise.all(places.map((at) => region.#serve(at)));
      region.#proxy = await RoundRobinProxy.start(() => region.#ports());
      region.#wire = new Wire(region.#proxy.url);
      return region;
    } catch (cause) {
      await region.stop();
      throw cause;
    }
  }

  /** The way in for clients. */
  get wire(): Wire {
    if (this.#wire === undefined) throw new Error('the region has not started');
    return this.#wire;
  }

  /** Each process by itself, those that run. */
  get processes(): readonly Wire[] {
    return this.#running().map(({ served }) => served.wire);
  }

  /** How many requests each process was sent, those that are gone included. */
  get requests(): readonly number[] {
    return [...(this.#proxy?.requests.values() ?? [])];
  }

  /** Puts another process in the place of one, which stops first and finishes its requests, or is killed with `kill -9`. */
  async replace(at: number, end: 'stop' | 'kill'): Promise<void> {
    const old = this.#replicas[at];
    this.#replicas[at] = undefined;
    if (old !== undefined) await (end === 'stop' ? old.served.service.stop() : old.served.service.kill());
    old?.served.wire.close();
    await this.#serve(at);
  }

  async stop(): Promise<void> {
    await this.#proxy?.stop();
    this.#wire?.close();
    await Promise.all(
      this.#running().map(async ({ served }) => {
        served.wire.close();
        await served.service.stop();
      }),
    );
  }

  async #serve(at: number): Promise<void> {
    const { region, storage, peers = {}, env = {}, folder } = this.options;
    const others = Object.entries(peers).map(([name, url]) => `${name}=${url}`);
    const settings = { ATOLL_STORAGE: storage, ...(others.length > 0 && { ATOLL_PEERS: others.join(',') }), ...env };
    const [port = 0] = await freePorts(1);
    const withWorker = others.length > 0 && at === 0;
    const logFile = join(folder, `${region}-${at}.log`);
    const served = await serveRegion({ folder, region, env: settings, withWorker }, port, logFile);
    this.#replicas[at] = { port, served };
  }

  #running(): Replica[] {
    return this.#replicas.filter((replica) => replica !== undefined);
  }

  #ports(): number[] {
    return this.#running().map(({ port }) => port);
  }
}
