import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveRegion, type Served } from '../harness/atoll.js';
import { filledContent } from '../harness/images.js';
import { pushBlob } from '../harness/push.js';
import { freePorts } from '../harness/service.js';
import type { Target } from './connection.js';
import { Lane, type Found } from './lane.js';
import { leftovers } from './leftovers.js';
import { newDescriptors, processState, type ProcessState } from './process-watch.js';
import { makeWorld } from './world.js';

export interface FuzzOptions {
  readonly requests: number;
  readonly seed: number;
  /** For the data and the log of the process that is started. */
  readonly folder: string;
  /** A registry that runs already: what is inside of it is not looked at then. */
  readonly url?: string;
  readonly lanes?: number;
  readonly progress?: (line: string) => void;
}

export interface FuzzReport {
  readonly requests: number;
  readonly seconds: number;
  readonly statuses: ReadonlyMap<number, number>;
  readonly found: readonly Found[];
  /** Of the process as a whole: it ended, it logged an error, it holds what it should have given back. */
  readonly faults: readonly string[];
  /** After the warm-up and at the end. */
  readonly residentBytes?: readonly [number, number];
}

/** Far longer than anything takes on a busy machine, and shorter than the server's own patience with a client that says nothing. */
const HANG_MS = 25_000;
const WARM_UP = 0.1;
/**
 * With a small heap the collector cannot put its work off, so that what grows has leaked, and a large leak ends the process. The
 * store's cache fills up to 64 MiB, outside of the heap.
 */
const SMALL_HEAP = '--max-old-space-size=128 --max-semi-space-size=8';
const GROWTH_BYTES = 160 * 1024 * 1024;
const ENOUGH_FAULTS = 10;

/** Throws hostile requests at a real `atoll serve` and looks at every answer, and at what is left of it afterwards. */
export class Fuzz {
  readonly #lanes: Lane[] = [];
  readonly #faults: string[] = [];
  #episode = 0;
  #stopped = false;

  constructor(private readonly options: FuzzOptions) {}

  async run(): Promise<FuzzReport> {
    const { url } = this.options;
    if (url !== undefined) return this.#storm({ host: new URL(url).hostname, port: Number(new URL(url).port || 80) });
    const data = join(this.options.folder, 'data');
    const log = join(this.options.folder, 'atoll.log');
    const served = await startRegion(this.options.folder);
    const cold = processState(served.service.pid);
    const report = await this.#storm({ host: '127.0.0.1', port: Number(new URL(served.wire.url).port) }, served);
    await this.#descriptorsClosed(served, cold);
    await this.#endsWell(served);
    this.#faults.push(...(await leftovers(data)), ...errorsIn(log));
    return { ...report, faults: this.#faults };
  }

  async #storm(target: Target, served?: Served): Promise<FuzzReport> {
    const { requests, seed, lanes = 48 } = this.options;
    const world = makeWorld();
    this.#lanes.push(...Array.from({ length: lanes }, (_, number) => new Lane(number, target, world, seed)));
    const begin = performance.now();
    const watch = setInterval(() => this.#look(served, begin), 1000);
    await this.#until(requests * WARM_UP);
    const warm = served && processState(served.service.pid);
    await this.#until(requests);
    const seconds = (performance.now() - begin) / 1000;
    await Promise.all(this.#lanes.map((lane) => lane.finish()));
    clearInterval(watch);
    const end = served && processState(served.service.pid);
    if (warm && end) this.#grown(warm, end);
    const statuses = new Map<number, number>();
    for (const lane of this.#lanes) {
      for (const [status, count] of lane.statuses) statuses.set(status, (statuses.get(status) ?? 0) + count);
    }
    return {
      requests: this.#sent,
      seconds,
      statuses: new Map([...statuses].sort(([a], [b]) => a - b)),
      found: this.#found,
      faults: this.#faults,
      ...(warm && end && { residentBytes: [warm.residentBytes, end.residentBytes] }),
    };
  }

  get #sent(): number {
    return this.#lanes.reduce((sum, { requests }) => sum + requests, 0);
  }

  get #found(): Found[] {
    return this.#lanes.flatMap(({ found }) => found);
  }

  async #until(requests: number): Promise<void> {
    await Promise.all(
      this.#lanes.map(async (lane) => {
        while (this.#sent < requests && !this.#stopped) await lane.play(this.#episode++);
      }),
    );
  }

  /** Once a second: tells how far it is, and ends what hangs. */
  #look(served: Served | undefined, begin: number): void {
    const now = performance.now();
    for (const lane of this.#lanes) {
      if (lane.waitingSince !== undefined && now - lane.waitingSince > HANG_MS) {
        lane.giveUp(`no answer and no end in ${HANG_MS / 1000} s`);
      }
    }
    if (served && !served.service.running && !this.#stopped)
      this.#faults.push(`the process ended:\n${served.service.tail()}`);
    this.#stopped ||= this.#found.length >= ENOUGH_FAULTS || this.#faults.length > 0;
    const sent = this.#sent;
    const rate = Math.round((sent / (now - begin)) * 1000);
    this.options.progress?.(
      `${sent} of ${this.options.requests} requests, ${rate} a second, ${this.#found.length} faults`,
    );
  }

  #grown(warm: ProcessState, end: ProcessState): void {
    const grown = end.residentBytes - warm.residentBytes;
    if (grown > GROWTH_BYTES)
      this.#faults.push(`the process grew by ${Math.round(grown / 2 ** 20)} MiB after the warm-up`);
  }

  /** Connections that were cut are noticed in a moment, files under way are closed in another. */
  async #descriptorsClosed({ service }: Served, cold: ProcessState | undefined): Promise<void> {
    for (let tries = 0; cold !== undefined && service.running; tries++) {
      const now = processState(service.pid);
      const leaked = now ? newDescriptors(cold, now) : [];
      if (leaked.length === 0) return;
      if (tries === 100) return void this.#faults.push(`descriptors left open: ${leaked.join(', ')}`);
      await sleep(100);
    }
  }

  async #endsWell({ service, wire }: Served): Promise<void> {
    wire.close();
    const status = await service.stop();
    if (status !== 0) this.#faults.push(`SIGTERM ended the process with status ${status}`);
  }
}

/**
 * Quiet about what it refuses: a line for each of a million bad requests would only tell how fast lines are written. What it begins once
 * and keeps, such as the thread for large content, is begun.
 */
export async function startRegion(folder: string): Promise<Served> {
  mkdirSync(folder, { recursive: true });
  const [port = 0] = await freePorts(1);
  const env = {
    ATOLL_LOG_LEVEL: 'warn',
    ATOLL_LOG_FORMAT: 'json',
    ATOLL_IDLE_TIMEOUT_SECONDS: '10',
    NODE_OPTIONS: SMALL_HEAP,
  };
  const served = await serveRegion(
    { folder: join(folder, 'data'), region: 'eu', env },
    port,
    join(folder, 'atoll.log'),
  );
  await pushBlob(served.wire, 'begun', filledContent('begun', 1_048_576));
  served.wire.close();
  return served;
}

/** Whatever the process found worth an error, or a stack. */
function errorsIn(log: string): string[] {
  const lines = readFileSync(log, 'utf8').split('\n');
  const bad = lines.filter(
    (line) => line !== '' && (!line.startsWith('{') || /"level":"error"|"stack"|\\n {4}at /.test(line)),
  );
  return bad.length === 0 ? [] : [`${bad.length} lines of errors in the log, such as ${bad[0]?.slice(0, 2000)}`];
}
