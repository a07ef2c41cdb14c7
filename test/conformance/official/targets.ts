import { join } from 'node:path';
import { serveRegion } from '../../harness/atoll.js';
import { ReplicatedRegion } from '../../harness/replicated-region.js';
import { freePorts } from '../../harness/service.js';
import { openStoreServer, type StoreServer } from '../../stores/store-server.js';

export interface TargetOptions {
  /** For logs, and for buckets where `storage` names none. */
  readonly folder: string;
  /** A bucket's URL, or the name of a server of tests. */
  readonly storage: string;
  /** Three processes on one bucket, of which each request goes to the next. */
  readonly roundRobin: boolean;
  /** Pulls of blobs are sent to the bucket. */
  readonly redirects: boolean;
}

interface Target {
  readonly url: string;
  stop(): Promise<unknown>;
}

/** Registries to test: one Atoll for each setting, started when it is first needed. */
export class Targets {
  readonly #started = new Map<boolean, Promise<Target>>();
  #server: Promise<StoreServer> | undefined;

  constructor(private readonly options: TargetOptions) {}

  /** @throws Error with the end of the log when it does not start */
  async url(automaticMount: boolean): Promise<string> {
    const started = this.#started.get(automaticMount) ?? this.#start(automaticMount);
    this.#started.set(automaticMount, started);
    return (await started).url;
  }

  async stop(): Promise<void> {
    for (const started of await Promise.allSettled(this.#started.values())) {
      if (started.status === 'fulfilled') await started.value.stop();
    }
    await (await this.#server)?.stop();
  }

  async #start(automaticMount: boolean): Promise<Target> {
    const { folder, storage, roundRobin, redirects } = this.options;
    const setting = automaticMount ? 'on' : 'off';
    const server = await (this.#server ??= openStoreServer(storage));
    const place = await server.place(`conformance-${setting}`);
    const own = { ATOLL_AUTOMATIC_MOUNT: setting, ATOLL_REDIRECTS: redirects ? 'on' : 'off' };
    const env = { ...server.environment, ...own };
    if (roundRobin) {
      const region = await ReplicatedRegion.start({ region: 'eu', storage: place, env, folder });
      return { url: region.wire.url, stop: () => region.stop() };
    }
    const [port = 0] = await freePorts(1);
    const logFile = join(folder, `atoll-${setting}.log`);
    const plan = { folder, region: 'eu', env: { ...env, ATOLL_STORAGE: place } };
    const { wire, service } = await serveRegion(plan, port, logFile);
    wire.close();
    return { url: wire.url, stop: () => service.stop() };
  }
}
