import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveRegion, type Served } from './atoll.js';
import { freePorts } from './service.js';

/** Regions that one file of tests serves, a process each, with a folder for their logs. */
export class ServedRegions {
  readonly folder: string;
  readonly #running: Served[] = [];

  constructor(name: string) {
    this.folder = mkdtempSync(join(tmpdir(), `atoll-${name}-`));
  }

  /** With a worker where it has peers. @throws where the start fails */
  async serve(region: string, env: NodeJS.ProcessEnv): Promise<Served> {
    const [port = 0] = await freePorts(1);
    const options = { folder: this.folder, region, env, withWorker: env['ATOLL_PEERS'] !== undefined };
    const served = await serveRegion(options, port, join(this.folder, `${region}-${port}.log`));
    this.#running.push(served);
    return served;
  }

  /** Those that run. */
  async stop(): Promise<void> {
    for (const { service, wire } of this.#running.splice(0)) {
      wire.close();
      await service.stop();
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
