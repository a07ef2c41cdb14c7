import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { serveRegion, type Served } from '../../harness/atoll.js';
import { freePorts } from '../../harness/service.js';

/** Registries to test: one process of Atoll for each setting, started when it is first needed. */
export class Targets {
  readonly #started = new Map<boolean, Promise<Served>>();

  constructor(private readonly folder: string) {}

  /** @throws Error with the end of the log when it does not start */
  async url(automaticMount: boolean): Promise<string> {
    const started = this.#started.get(automaticMount) ?? this.#start(automaticMount);
    this.#started.set(automaticMount, started);
    return (await started).wire.url;
  }

  async stop(): Promise<void> {
    for (const started of this.#started.values()) {
      const { service, wire } = await started;
      wire.close();
      await service.stop();
    }
  }

  async #start(automaticMount: boolean): Promise<Served> {
    const setting = automaticMount ? 'on' : 'off';
    const bucket = join(this.folder, `bucket-${setting}`);
    mkdirSync(bucket, { recursive: true });
    const [port = 0] = await freePorts(1);
    const env = { ATOLL_AUTOMATIC_MOUNT: setting };
    return serveRegion({ folder: bucket, region: 'eu', env }, port, join(this.folder, `atoll-${setting}.log`));
  }
}
