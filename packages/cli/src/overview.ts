import { setInterval } from 'node:timers/promises';
import { readReplicationStatus, type ReplicationStatus } from '@atoll/replication';
import type { Logger } from '@atoll/runtime';
import { countImages } from './count-images.js';
import type { LiveLines } from './live-lines.js';
import type { OpenRegion, Workplace } from './region.js';

const EVERY_MS = 1000;
/** Counting may take this share of the time, however much there is to count. */
const COUNTING_SHARE = 0.05;
const COUNTS = 2;

export type WatchedRegion = Pick<OpenRegion, 'region' | 'registry'> & Workplace;

interface Facts {
  readonly status: ReplicationStatus;
  readonly jobs: number;
}

/** One live line per region: images, lag behind the other regions, jobs not done. */
export class Overview {
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  readonly #unsubscribe: (() => void)[];
  readonly #images = new Map<string, number>();
  /** How often the images are still to be counted: after the last sign of work, what one look missed the next one sees. */
  #countsDue = COUNTS;
  #countAfterMs = 0;

  constructor(
    private readonly regions: readonly WatchedRegion[],
    private readonly lines: LiveLines,
    private readonly log: Pick<Logger, 'warn'>,
  ) {
    this.#unsubscribe = regions.map(({ registry }) => registry.journal.onAppend(() => (this.#countsDue = COUNTS)));
    this.#running = this.#run(this.#ending.signal);
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#ending.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      await this.#refresh(signal);
      for await (const _ of setInterval(EVERY_MS, undefined, { signal })) await this.#refresh(signal);
    } catch (cause) {
      if (!signal.aborted) this.log.warn('overview stopped', { error: cause });
    }
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    const facts = await Promise.all(this.regions.map((region) => factsOf(region, signal)));
    if (facts.some(isBusy)) this.#countsDue = COUNTS;
    if (this.#countsDue > 0 && performance.now() >= this.#countAfterMs) await this.#count(signal);
    const width = Math.max(...this.regions.map(({ region }) => region.length));
    for (const [index, { region }] of this.regions.entries()) {
      const one = facts[index];
      if (one) this.lines.set(region, lineOf(region.padEnd(width), this.#images.get(region) ?? 0, one));
    }
  }

  async #count(signal: AbortSignal): Promise<void> {
    const started = performance.now();
    this.#countsDue -= 1;
    for (const { region, registry } of this.regions) this.#images.set(region, await countImages(registry, { signal }));
    const now = performance.now();
    this.#countAfterMs = now + (now - started) / COUNTING_SHARE;
  }
}

async function factsOf({ registry, peers, queue }: WatchedRegion, signal: AbortSignal): Promise<Facts> {
  const [status, counts] = await Promise.all([
    readReplicationStatus(registry.store, registry.identity, peers, { signal }),
    queue.counts(),
  ]);
  return { status, jobs: (counts?.waiting ?? 0) + (counts?.active ?? 0) };
}

function isBusy({ status, jobs }: Facts): boolean {
  const { unsealedEntries, peers } = status;
  return (
    jobs > 0 ||
    unsealedEntries > 0 ||
    peers.some(({ segmentsBehind, dirtyRepositories }) => segmentsBehind + dirtyRepositories > 0)
  );
}

function lineOf(name: string, images: number, { status, jobs }: Facts): string {
  const lagSeconds = Math.round(Math.max(0, ...status.peers.map((peer) => peer.oldestPendingAgeMs ?? 0)) / 1000);
  return `${name}  images ${images}  lag ${lagSeconds} s  queue ${jobs}`;
}
