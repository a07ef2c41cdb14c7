import { type Content, MANIFEST_TYPES } from '../harness/images.js';
import { CuttingProxy, UNCUT, type Cut } from '../harness/cutting-proxy.js';
import { eventually, type Patience } from '../harness/service.js';
import { headerOf, type Wire } from '../harness/wire.js';
import type { Samples } from './samples.js';
import { pushSample } from './seed.js';
import type { Tools } from './tool.js';

/** A client program, what it is made of, and what it is put through. */
export interface Client {
  /** What `--only` names. */
  readonly id: string;
  readonly name: string;
  /** All of these programs must be found. */
  readonly programs: readonly string[];
  readonly version: (tools: Tools) => Promise<string>;
  readonly run: (trial: Trial) => Promise<void>;
}

export interface Regions {
  readonly eu: Wire;
  readonly us: Wire;
}

/** One client between two regions. Everything it did is a step of its row. */
export class Trial {
  readonly #done = new Set<string>();
  #longestWaitMs = 0;

  constructor(
    readonly tools: Tools,
    readonly samples: Samples,
    private readonly regions: Regions,
    /** A namespace of this client alone. */
    readonly space: string,
  ) {}

  /** What was done so far, in its order, each thing once. */
  get done(): readonly string[] {
    return [...this.#done];
  }

  /** How long the other region took at most until it had what one was told, as the client or the trial saw it by asking. */
  get longestWaitSeconds(): number {
    return this.#longestWaitMs / 1000;
  }

  get eu(): string {
    return `${this.host('eu')}/${this.space}`;
  }

  get us(): string {
    return `${this.host('us')}/${this.space}`;
  }

  host(region: 'eu' | 'us'): string {
    return new URL(this.regions[region].url).host;
  }

  wire(region: 'eu' | 'us'): Wire {
    return this.regions[region];
  }

  /** Does something that must succeed and notes it. */
  async step<T>(what: string, task: () => Promise<T>): Promise<T> {
    try {
      const answer = await task();
      this.#done.add(what);
      return answer;
    } catch (cause) {
      throw new Error(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }

  /** Two digests, or other words, must be one. @throws Error that names both */
  equal(got: string | undefined, wanted: string | undefined, what: string): void {
    if (got !== wanted || wanted === '' || wanted === undefined)
      throw new Error(`${what}: got ${String(got)}, not ${String(wanted)}`);
  }

  /** What the client lists must name all of `words`. */
  async mustList(output: string, ...words: string[]): Promise<void> {
    await this.step('list tags', async () => {
      const missing = words.filter((word) => !output.includes(word));
      if (missing.length > 0) throw new Error(`${missing.join(', ')} not in: ${output.slice(0, 300)}`);
    });
  }

  /** Runs `task` against a hop in front of a region that cuts connections as told. @throws Error when it cut nothing */
  async overCuts(
    what: string,
    region: 'eu' | 'us',
    cut: Cut,
    task: (space: string, host: string) => Promise<unknown>,
  ): Promise<void> {
    await this.step(what, () =>
      this.#through(region, cut, async (proxy) => {
        await task(`${proxy.host}/${this.space}`, proxy.host);
        if (proxy.cuts === 0) throw new Error(`nothing was cut: ${JSON.stringify(cut)}`);
      }),
    );
  }

  /**
   * Has `task` copy `seed:middle` of the space it is given into another repository beside it. `learn` comes before it, for clients
   * that mount only what they have seen there already.
   * @throws Error when the client sent the layer again
   */
  async mounts(
    task: (space: string, host: string) => Promise<unknown>,
    learn: (space: string) => Promise<unknown> = async () => undefined,
  ): Promise<void> {
    await pushSample(this, 'seed', 'middle');
    await this.step('mount layers in another repository', () =>
      this.#through('eu', UNCUT, async (proxy) => {
        await learn(`${proxy.host}/${this.space}`);
        await task(`${proxy.host}/${this.space}`, proxy.host);
        if (proxy.bytesToRegistry > 1_000_000) throw new Error(`it sent ${proxy.bytesToRegistry} bytes`);
      }),
    );
  }

  async #waitFor<T>(ask: () => Promise<T | undefined>, patience: Patience): Promise<T> {
    const begin = performance.now();
    try {
      return await eventually(ask, patience);
    } finally {
      this.#longestWaitMs = Math.max(this.#longestWaitMs, performance.now() - begin);
    }
  }

  async #through(region: 'eu' | 'us', cut: Cut, task: (proxy: CuttingProxy) => Promise<void>): Promise<void> {
    const proxy = await CuttingProxy.start(new URL(this.regions[region].url), cut);
    try {
      await task(proxy);
    } finally {
      await proxy.stop();
    }
  }

  /** The digest `reference` has in a region, or undefined. */
  async digestAt(region: 'eu' | 'us', repository: string, reference: string): Promise<string | undefined> {
    const path = `/v2/${this.space}/${repository}/manifests/${reference}`;
    const answer = await this.regions[region].send('HEAD', path, { headers: { Accept: MANIFEST_TYPES } });
    return answer.status === 200 ? headerOf(answer, 'Docker-Content-Digest') : undefined;
  }

  /** The bytes of a manifest as a region has them. @throws Error when it has none */
  async manifestAt(region: 'eu' | 'us', repository: string, reference: string): Promise<Content> {
    const path = `/v2/${this.space}/${repository}/manifests/${reference}`;
    const answer = await this.regions[region].send('GET', path, { headers: { Accept: MANIFEST_TYPES } });
    if (answer.status !== 200) throw new Error(`${path} at ${region}: ${answer.status}`);
    return { digest: headerOf(answer, 'Docker-Content-Digest'), bytes: answer.body };
  }

  /** Waits until both regions name the same thing, and answers its digest. */
  async visibleEverywhere(repository: string, reference: string): Promise<string> {
    const what = `${repository}:${reference} to be the same in both regions`;
    return this.#waitFor(
      async () => {
        const eu = await this.digestAt('eu', repository, reference);
        const us = await this.digestAt('us', repository, reference);
        return eu !== undefined && eu === us ? eu : undefined;
      },
      { timeoutMs: 60_000, what },
    );
  }

  /** Puts the sample with the large layer through both regions. `pull` answers the digest of what it has then. */
  async movesLargeLayer(
    push: (to: string) => Promise<unknown>,
    pull: (from: string) => Promise<string>,
  ): Promise<void> {
    const image = 'large:1';
    await this.step('push a large layer to eu', () => push(`${this.eu}/${image}`));
    const digest = await this.visibleEverywhere('large', '1');
    await this.step('pull a large layer from us', async () => {
      this.equal(await pull(`${this.us}/${image}`), digest, `${image} as pulled`);
    });
  }

  async goneEverywhere(repository: string, reference: string): Promise<void> {
    const what = `${repository}:${reference} to be gone from both regions`;
    await this.#waitFor(
      async () => {
        const there =
          (await this.digestAt('eu', repository, reference)) ?? (await this.digestAt('us', repository, reference));
        return there === undefined ? true : undefined;
      },
      { timeoutMs: 60_000, what },
    );
  }

  /** Asks a client until its answer holds `word`: what was pushed at one region is on its way to the other. */
  async eventuallySays(what: string, word: string, ask: () => Promise<string>): Promise<void> {
    let last = '';
    const asked = async (): Promise<true | undefined> => {
      last = await ask().catch(String);
      return last.includes(word) ? true : undefined;
    };
    await this.step(what, () =>
      this.#waitFor(asked, { timeoutMs: 30_000, everyMs: 200, what: `${word} in the answer` }).catch(
        (cause: unknown) => {
          throw new Error(`${String(cause)}; it was ${last.slice(-300)}`, { cause });
        },
      ),
    );
  }
}

/** What users do when a client gives up. */
export function again<T>(task: () => Promise<T>): Promise<T> {
  return task().catch(task);
}
