import type { Served } from './atoll.js';
import { Authority } from './authority.js';
import { ServedRegions } from './served-regions.js';
import { TunnelProxy } from './tunnel-proxy.js';

/** A region on a network that lets nothing out but through a proxy, and the private CA that has signed for all servers there. */
export class EnclosedRegion {
  readonly authority: Authority;
  readonly #regions: ServedRegions;
  #proxy: TunnelProxy | undefined;

  constructor(name: string) {
    this.#regions = new ServedRegions(name);
    this.authority = new Authority(this.folder);
  }

  get folder(): string {
    return this.#regions.folder;
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
  serve(env: NodeJS.ProcessEnv): Promise<Served> {
    const enclosed = { HTTPS_PROXY: this.#proxy?.url, NODE_EXTRA_CA_CERTS: this.authority.file };
    return this.#regions.serve('eu', { ...enclosed, ...env });
  }

  /** Where it was started. */
  stopServing(): Promise<void> {
    return this.#regions.stop();
  }

  async remove(): Promise<void> {
    await this.#proxy?.stop();
    this.#regions.remove();
  }
}
