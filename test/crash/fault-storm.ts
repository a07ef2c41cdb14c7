import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Stand } from '@atoll/storage-gcs/testing';
import { FAKE_CREDENTIALS, FakeS3 } from '@atoll/storage-s3/testing';
import { Atoll } from '../harness/atoll.js';
import { Ledger } from '../harness/ledger.js';
import { Pusher } from '../harness/pusher.js';
import { Random } from '../harness/random.js';
import { eventually } from '../harness/service.js';
import { Verifier } from '../harness/verifier.js';
import { UnexpectedAnswer } from '../harness/wire.js';
import { WeatheredAzurite } from '../stores/weathered-azurite.js';
import { EXPIRED, fair, foul } from './foul-weather.js';

export interface FaultStormOptions {
  readonly folder: string;
  readonly seed: number;
  readonly seconds: number;
  /** Of 1: how many requests to a bucket meet a fault. */
  readonly share?: number;
  readonly pushers?: number;
  /** The cloud of region us; by default that of Google. */
  readonly us?: 'gcs' | 'azure';
  readonly progress?: (line: string) => void;
}

export interface FaultStormReport {
  readonly acknowledged: number;
  readonly promised: number;
  /** Answers to clients that said no for now, by status. */
  readonly refused: ReadonlyMap<number, number>;
  /** What requests to the buckets met, by kind. */
  readonly met: ReadonlyMap<string, number>;
  readonly recoveredAfterMs: number;
  readonly faults: readonly string[];
}

/** A bucket of one cloud, and its weather. */
interface Cloud {
  readonly url: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly brew: () => ReadonlyMap<string, number>;
  readonly clear: () => void;
  readonly stop: () => Promise<void>;
}

/** What a registry may say that has trouble with its bucket; a client tries again. */
const FOR_NOW = [429, 503];

/**
 * Pushes, overwrites, mounts and deletes while requests to the buckets meet every fault there is, and clients that are sent to them:
 * region eu on the S3 fake, us on that of Cloud Storage or on Azurite. Then the weather is fair, and the process must recover by itself and hold all it ever acknowledged.
 */
export class FaultStorm {
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #faults: string[] = [];
  readonly #refused = new Map<number, number>();

  constructor(private readonly options: FaultStormOptions) {
    this.#random = new Random(options.seed);
    this.#ledger = new Ledger(join(options.folder, 'acknowledged.txt'));
  }

  async run(): Promise<FaultStormReport> {
    const us = await (this.options.us === 'azure' ? this.#onAzure() : this.#onGcs());
    const s3 = await FakeS3.start();
    const atoll = await Atoll.start(this.options.folder, {
      ATOLL_BUCKETS: `eu=${s3.url('storm-eu')},us=${us.url}`,
      ATOLL_REDIRECTS: 'on',
      AWS_ACCESS_KEY_ID: FAKE_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: FAKE_CREDENTIALS.secretAccessKey,
      ...us.environment,
    });
    try {
      const met = [this.#brew(s3), us.brew()];
      await this.#storm(atoll);
      fair(s3);
      us.clear();
      return await this.#reckon(atoll, met);
    } finally {
      await atoll.stop();
      await Promise.all([s3.stop(), us.stop()]);
    }
  }

  #brew(s3: FakeS3): ReadonlyMap<string, number> {
    return foul(s3, this.#weather, {
      writes: ['PutObject', 'CompleteMultipartUpload'],
      lists: ['ListObjectsV2'],
      any: [EXPIRED],
    });
  }

  async #onGcs(): Promise<Cloud> {
    const stand = await Stand.start();
    const { fake, keyFile } = stand;
    const also = (): void => {
      if (this.#random.next() < 0.005) fake.identities.revoke();
    };
    return {
      url: fake.url('storm-us'),
      environment: { GOOGLE_APPLICATION_CREDENTIALS: keyFile },
      brew: () => foul(fake, { ...this.#weather, also }, { lists: ['ListObjects'] }),
      clear: () => fair(fake),
      stop: () => stand.stop(),
    };
  }

  /** Nothing cuts the pages of its lists: their size is signed with the request. */
  async #onAzure(): Promise<Cloud> {
    const azurite = await WeatheredAzurite.start();
    return {
      url: azurite.url('storm-us'),
      environment: azurite.environment,
      brew: () => foul(azurite, this.#weather, {}),
      clear: () => fair(azurite),
      stop: () => azurite.stop(),
    };
  }

  get #weather(): { readonly share: number; readonly random: Random } {
    return { share: this.options.share ?? 0.1, random: this.#random };
  }

  async #storm(atoll: Atoll): Promise<void> {
    const { seed, seconds, pushers = 6, progress } = this.options;
    const life = { over: false };
    const all = Array.from({ length: pushers }, (_, at) =>
      this.#push(new Pusher(`p${at}`, new Random(seed * 100 + at), this.#ledger, atoll.regions), life),
    );
    const reading = this.#read(atoll, life);
    for (let second = 0; second < seconds && atoll.service.running; second++) {
      await sleep(1000);
      if (second % 10 === 9)
        progress?.(`${second + 1} s: ${this.#ledger.acknowledged} pushes acknowledged, ${this.#faults.length} faults`);
    }
    life.over = true;
    await Promise.all([...all, reading]);
    if (!atoll.service.running) this.#faults.push(`the process ended: ${atoll.service.tail(5)}`);
  }

  async #push(pusher: Pusher, life: { over: boolean }): Promise<void> {
    while (!life.over) {
      try {
        await pusher.step();
      } catch (cause) {
        this.#note(cause, 'push');
        await sleep(50);
      }
    }
  }

  /** Whatever is served is right, also in the storm: a promised manifest and its blobs, whole or not at all. */
  async #read(atoll: Atoll, life: { over: boolean }): Promise<void> {
    while (!life.over) {
      const all = this.#ledger.promised;
      const chosen = all.length === 0 ? undefined : this.#random.pick(all);
      if (chosen === undefined) {
        await sleep(50);
        continue;
      }
      const faults = await new Verifier(this.#ledger, atoll.regions).atHome([chosen]).catch((cause: unknown) => {
        this.#note(cause, 'read');
        return [];
      });
      for (const fault of faults) this.#judge(fault, this.#ledger.promised.includes(chosen));
    }
  }

  /** @param stands whether what was asked for has not been deleted meanwhile */
  #judge(fault: string, stands: boolean): void {
    const [, status] = / (\d{3})$/.exec(fault) ?? [];
    if (FOR_NOW.includes(Number(status))) this.#count(Number(status));
    else if (stands) this.#faults.push(`in the storm: ${fault}`);
  }

  /** An answer that never came whole promises nothing; an answer that is one must say that it is for now. */
  #note(cause: unknown, what: string): void {
    if (!(cause instanceof UnexpectedAnswer)) {
      const reset = cause instanceof Error && /socket hang up|ECONNRESET|EPIPE|aborted|Parse Error/.test(cause.message);
      if (!reset) this.#faults.push(`${what}: ${String(cause)}`);
      return;
    }
    const { status, headers } = cause.answer;
    if (!FOR_NOW.includes(status)) this.#faults.push(`${what}: ${cause.message}`);
    else if (headers['retry-after'] === undefined) this.#faults.push(`${what}: no Retry-After: ${cause.message}`);
    this.#count(status);
  }

  #count(status: number): void {
    this.#refused.set(status, (this.#refused.get(status) ?? 0) + 1);
  }

  async #reckon(atoll: Atoll, met: readonly ReadonlyMap<string, number>[]): Promise<FaultStormReport> {
    const begin = Date.now();
    for (const [region, wire] of atoll.regions) {
      const pusher = new Pusher(`after ${region}`, new Random(1), this.#ledger, new Map([[region, wire]]));
      const pushed = async (): Promise<true> => pusher.step().then(() => true as const);
      await eventually(pushed, { timeoutMs: 30_000, what: `${region} to take pushes again` }).catch((cause: unknown) =>
        this.#faults.push(String(cause)),
      );
    }
    const recoveredAfterMs = Date.now() - begin;
    this.options.progress?.(`reckoning: ${this.#ledger.promised.length} manifests in two regions`);
    this.#faults.push(...(await new Verifier(this.#ledger, atoll.regions).everywhere(120_000)));
    const kinds = new Set(met.flatMap((counts) => [...counts.keys()]));
    return {
      acknowledged: this.#ledger.acknowledged,
      promised: this.#ledger.promised.length,
      refused: this.#refused,
      met: new Map([...kinds].map((kind) => [kind, met.reduce((sum, counts) => sum + (counts.get(kind) ?? 0), 0)])),
      recoveredAfterMs,
      faults: this.#faults,
    };
  }
}
