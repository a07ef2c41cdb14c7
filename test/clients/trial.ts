import { MANIFEST_TYPES } from '../harness/images.js';
import { eventually } from '../harness/service.js';
import { headerOf, type Wire } from '../harness/wire.js';
import type { Samples } from './samples.js';
import type { Tools } from './tool.js';

export const COLUMNS = ['push to eu', 'pull from us', 'digests equal', 'tags listed', 'deleted', 'more'] as const;
export type Column = (typeof COLUMNS)[number];

/** A client program, what it is made of, and what it is put through. */
export interface Client {
  readonly name: string;
  /** All of these programs must be found. */
  readonly programs: readonly string[];
  readonly version: (tools: Tools) => Promise<string>;
  readonly run: (trial: Trial) => Promise<void>;
}

/** One client between two regions. Steps fill the columns of its row. */
export class Trial {
  readonly done = new Map<Column, string>();

  constructor(
    readonly tools: Tools,
    readonly samples: Samples,
    private readonly regions: { readonly eu: Wire; readonly us: Wire },
    /** A namespace of this client alone. */
    readonly space: string,
  ) {}

  get eu(): string {
    return `${new URL(this.regions.eu.url).host}/${this.space}`;
  }

  get us(): string {
    return `${new URL(this.regions.us.url).host}/${this.space}`;
  }

  /** Does something that must succeed and notes it; `words` are shown where a plain "yes" says too little. */
  async step<T>(column: Column, task: () => Promise<T>, words = 'yes'): Promise<T> {
    try {
      const answer = await task();
      const before = this.done.get(column);
      this.done.set(column, before === undefined || before === words ? words : `${before}, ${words}`);
      return answer;
    } catch (cause) {
      this.done.set(column, 'FAILED');
      throw new Error(`${column}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }

  /** Notes that two digests are one. */
  async equal(got: string, wanted: string, what: string): Promise<void> {
    await this.step('digests equal', async () => {
      if (got !== wanted || wanted === '') throw new Error(`${what}: got ${got}, not ${wanted}`);
    });
  }

  /** The digest `reference` has in a region, or undefined. */
  async digestAt(region: 'eu' | 'us', repository: string, reference: string): Promise<string | undefined> {
    const path = `/v2/${this.space}/${repository}/manifests/${reference}`;
    const answer = await this.regions[region].send('HEAD', path, { headers: { Accept: MANIFEST_TYPES } });
    return answer.status === 200 ? headerOf(answer, 'Docker-Content-Digest') : undefined;
  }

  /** Waits until both regions name the same thing, and answers its digest. */
  async visibleEverywhere(repository: string, reference: string): Promise<string> {
    const what = `${repository}:${reference} to be the same in both regions`;
    return eventually(
      async () => {
        const eu = await this.digestAt('eu', repository, reference);
        const us = await this.digestAt('us', repository, reference);
        return eu !== undefined && eu === us ? eu : undefined;
      },
      { timeoutMs: 60_000, what },
    );
  }

  async goneEverywhere(repository: string, reference: string): Promise<void> {
    const what = `${repository}:${reference} to be gone from both regions`;
    await eventually(
      async () => {
        const there =
          (await this.digestAt('eu', repository, reference)) ?? (await this.digestAt('us', repository, reference));
        return there === undefined ? true : undefined;
      },
      { timeoutMs: 60_000, what },
    );
  }

  async mustList(output: string, ...words: string[]): Promise<void> {
    await this.step('tags listed', async () => {
      const missing = words.filter((word) => !output.includes(word));
      if (missing.length > 0) throw new Error(`${missing.join(', ')} not in: ${output.slice(0, 300)}`);
    });
  }
}
