import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveRegion, type Served } from './atoll.js';
import { Authority } from './authority.js';
import { freePorts } from './service.js';
import { TunnelProxy } from './tunnel-proxy.js';

/** A region on a network that lets nothing out but through a proxy, and the private CA that has signed for all servers there. */
export class EnclosedRegion {
  readonly folder: string;
  readonly authority: Authority;
  #proxy: TunnelProxy | undefined;
  #served: Served | undefined;

  constructor(name: string) {
    this.folder = mkdtempSync(join(tmpdir(), `atoll-${name}-`));
    this.authority = new Authority(this.folder);
  }

  /** @param ports of loopback, by the hosts that the proxy knows */
  async openWayTo(ports: Readonly<Record<string, number>>): Promise<void> {
    this.#proxy = await TunnelProxy.start(ports);
  }

  /** Every host that the proxy was asked for. */
  get hosts(): readonly string[] {
    return this.#proxy?.hosts ?? [];
  }

  /** @throws where the start fails */
  async serve(env: NodeJS.ProcessEnv): Promise<Served> {
    const [port = 0] = await freePorts(1);
    const enclosed = { HTTPS_PROXY: this.#proxy?.url, NODE_EXTRA_CA_CERTS: this.authority.file, ...env };
    const log = join(this.folder, `${port}.log`);
    this.#served = await serveRegion({ folder: this.folder, region: 'eu', env: enclosed }, port, log);
    return this.#served;
  }

  /** Where it was started. */
  async stopServing(): Promise<void> {
    this.#served?.wire.close();
    await this.#served?.service.stop();
    this.#served = undefined;
  }

  async remove(): Promise<void> {
    await this.#proxy?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
