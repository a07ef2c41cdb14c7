import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStoreServer, type StoreServer } from '../stores/store-server.js';
import { ReplicatedRegion } from './replicated-region.js';
import type { Wire } from './wire.js';

export interface ReplicatedRegionsOptions {
  /** A bucket's URL, or the name of a server of tests. */
  readonly storage: string;
  /** Holds the logs. */
  readonly folder: string;
  /** How a process goes, one after the other for as long as the regions run, each with another in its place; absent: none goes. */
  readonly replacing?: 'stop' | 'kill' | undefined;
}

const PAUSE_MS = 3_000;

/** Two regions of three processes each, every request to another of them. */
export class ReplicatedRegions {
  readonly #ending = new AbortController();
  readonly #replacing: Promise<void>;
  #replaced = 0;

  private constructor(
    private readonly server: StoreServer,
    private readonly regions: readonly ReplicatedRegion[],
    how: ReplicatedRegionsOptions['replacing'],
  ) {
    this.#replacing = how === undefined ? Promise.resolve() : this.#replace(how);
  }

  static async start({ storage, folder, replacing }: ReplicatedRegionsOptions): Promise<ReplicatedRegions> {
    mkdirSync(folder, { recursive: true });
    const server = await openStoreServer(storage);
    const [eu, us] = [await server.place('replicated-eu'), await server.place('replicated-us')];
    const common = { folder, env: server.environment };
    const regions = await Promise.all([
      ReplicatedRegion.start({ ...common, region: 'eu', storage: eu, peers: { us } }),
      ReplicatedRegion.start({ ...common, region: 'us', storage: us, peers: { eu } }),
    ]);
    return new ReplicatedRegions(server, regions, replacing);
  }

  get eu(): Wire {
    return this.#region(0).wire;
  }

  get us(): Wire {
    return this.#region(1).wire;
  }

  /** How many processes have gone so far. */
  get replaced(): number {
    return this.#replaced;
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#replacing;
    await Promise.all(this.regions.map((region) => region.stop()));
    await this.server.stop();
  }

  async #replace(how: 'stop' | 'kill'): Promise<void> {
    const { signal } = this.#ending;
    for (let turn = 0; !signal.aborted; turn++) {
      await this.#region(turn % 2).replace(Math.floor(turn / 2) % 3, how);
      this.#replaced += 1;
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #region(at: number): ReplicatedRegion {
    const region = this.regions[at];
    if (region === undefined) throw new Error('there are two regions');
    return region;
  }
}
