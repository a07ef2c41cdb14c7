import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Atoll } from '../harness/atoll.js';
import { Ledger, type Promised } from '../harness/ledger.js';
import { Pusher } from '../harness/pusher.js';
import { Random } from '../harness/random.js';
import { freePorts } from '../harness/service.js';
import { Verifier } from '../harness/verifier.js';
import { UnexpectedAnswer, type Wire } from '../harness/wire.js';

export interface StormOptions {
  readonly folder: string;
  readonly kills: number;
  readonly seed: number;
  readonly pushers?: number;
  /** Settings of the processes, such as where the regions' buckets are. */
  readonly env?: NodeJS.ProcessEnv;
  /** Told after every restart, and at the end. */
  readonly progress?: (line: string) => void;
}

export interface StormReport {
  readonly kills: number;
  readonly acknowledged: number;
  readonly promised: number;
  readonly startMs: { readonly median: number; readonly max: number };
  readonly equalAfterMs: number;
  readonly faults: readonly string[];
}

/**
 * Kills the real process again and again while clients push, then asks it for everything it ever acknowledged.
 * `kill -9` takes the process and its memory; what the kernel had accepted stays, so this proves write orders, not fsync.
 */
export class Storm {
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #faults: string[] = [];
  readonly #startsMs: number[] = [];
  /** One per region for the whole storm: the processes change behind them. */
  readonly #regions = new Map<string, Wire>();
  readonly #pushers: Pusher[];
  #ports = { eu: 0, us: 0 };
  #checked = 0;

  constructor(private readonly options: StormOptions) {
    mkdirSync(options.folder, { recursive: true });
    this.#random = new Random(options.seed);
    this.#ledger = new Ledger(join(options.folder, 'acknowledged.txt'));
    this.#pushers = Array.from(
      { length: options.pushers ?? 6 },
      (_, at) => new Pusher(`p${at}`, new Random(options.seed * 100 + at), this.#ledger, this.#regions),
    );
  }

  async run(): Promise<StormReport> {
    const [eu = 0, us = 0] = await freePorts(2);
    this.#ports = { eu, us };
    for (let kill = 1; kill <= this.options.kills && this.#faults.length < 20; kill++) {
      await this.#life(kill);
      const { acknowledged } = this.#ledger;
      this.options.progress?.(
        `kill ${kill}/${this.options.kills}: ${acknowledged} pushes acknowledged, ${this.#faults.length} faults`,
      );
    }
    return this.#reckon();
  }

  /** One process, from its start to its violent end. */
  async #life(kill: number): Promise<void> {
    const atoll = this.#start();
    // One life in eight ends while it starts: recovery must survive its own interruption.
    if (this.#random.next() < 0.125) await sleep(this.#random.between(0, this.#medianStart() || 1_000));
    else await this.#storm(atoll, kill);
    await atoll.kill();
  }

  async #storm(atoll: Atoll, kill: number): Promise<void> {
    if (!(await this.#cameBack(atoll, kill))) return;
    await this.#sample(kill);
    const life = { over: false };
    const pushing = this.#pushers.map((pusher) => this.#push(pusher, life, kill));
    await sleep(this.#random.between(50, 2_500));
    life.over = true;
    await atoll.kill();
    await Promise.all(pushing);
  }

  async #push(pusher: Pusher, life: { over: boolean }, kill: number): Promise<void> {
    while (!life.over) {
      try {
        await pusher.step();
      } catch (cause) {
        // Once the process is killed its connections are cut; before, no answer may be missing.
        if (cause instanceof UnexpectedAnswer || !life.over) this.#faults.push(`life ${kill}: ${String(cause)}`);
        if (!(cause instanceof UnexpectedAnswer)) return;
      }
    }
  }

  #start(): Atoll {
    const { folder, env = {} } = this.options;
    const atoll = new Atoll({ folder, ports: this.#ports, env });
    this.#regions.clear();
    for (const [region, wire] of atoll.regions) this.#regions.set(region, wire);
    return atoll;
  }

  async #cameBack(atoll: Atoll, kill: number): Promise<boolean> {
    const begin = Date.now();
    try {
      await atoll.ready();
      this.#startsMs.push(Date.now() - begin);
      return true;
    } catch (cause) {
      this.#faults.push(`life ${kill}: did not start: ${String(cause)}`);
      return false;
    }
  }

  #medianStart(): number {
    return this.#startsMs.toSorted((a, b) => a - b)[Math.floor(this.#startsMs.length / 2)] ?? 0;
  }

  /** What was acknowledged last, which the kill was nearest to, and some of all that came before. */
  async #sample(kill: number): Promise<void> {
    const all = this.#ledger.promised;
    const recent = all.slice(Math.max(this.#checked, all.length - 25));
    const older = Array.from({ length: Math.min(8, all.length) }, () => this.#random.pick(all));
    this.#checked = all.length;
    const faults = await new Verifier(this.#ledger, this.#regions).atHome([
      ...new Set<Promised>([...recent, ...older]),
    ]);
    this.#faults.push(...faults.map((fault) => `life ${kill}: ${fault}`));
  }

  /** The full account, by a process that is left alone, and which must then also end well. */
  async #reckon(): Promise<StormReport> {
    const atoll = this.#start();
    const begin = Date.now();
    if (await this.#cameBack(atoll, this.options.kills + 1)) {
      this.options.progress?.(`reckoning: ${this.#ledger.promised.length} manifests in ${this.#regions.size} regions`);
      this.#faults.push(...(await new Verifier(this.#ledger, this.#regions).everywhere(120_000)));
    }
    const equalAfterMs = Date.now() - begin;
    const status = await atoll.stop();
    if (status !== 0) this.#faults.push(`SIGTERM ended the process with status ${status}`);
    return {
      kills: this.options.kills,
      acknowledged: this.#ledger.acknowledged,
      promised: this.#ledger.promised.length,
      startMs: { median: this.#medianStart(), max: Math.max(0, ...this.#startsMs) },
      equalAfterMs,
      faults: this.#faults,
    };
  }
}
