import { systemClock, type Clock } from '@atoll/core';
import { keys, type CallOptions, type ObjectStore, type ReadableStore } from '@atoll/storage';
import type { DirtyRepositories } from './dirty-repositories.js';
import type { Job } from './job.js';
import type { JobQueue, Outcome } from './job-queue.js';
import { readHead, readSegment, readWatermark, updateWatermark, type Segment } from './journal-objects.js';
import { jobsOf, type NumberedSegment } from './jobs-of-segments.js';
import { silentLog, type ReplicationLog } from './log.js';

export interface ConsumerParts {
  /** The peer's region. */
  readonly source: string;
  readonly peer: ReadableStore;
  readonly shard: number;
  /** This region's own. */
  readonly store: ObjectStore;
  readonly queue: JobQueue;
  readonly dirty: DirtyRepositories;
  readonly clock?: Clock;
  readonly log?: ReplicationLog;
  /** What is not done by then is left to a dirty marker, so that one huge image does not hold up the others. */
  readonly waitMs?: number;
  /** How often a journal that has nothing new is checked for having gone on without this region. */
  readonly headEveryMs?: number;
}

/** Segments whose jobs have begun. */
export interface Batch {
  readonly segments: number;
  /** Fulfilled when the watermark stands behind them. Afterwards, also after a failure, {@link Consumer.read} goes on correctly. */
  readonly applied: Promise<void>;
}

const MAX_STRIDE = 16;

/**
 * Follows one shard of a peer's journal. Where it has got to is the watermark in this region's store; it moves on only when every
 * change before it is taken in, or its repository is durably marked as dirty (docs/adr/0003-journal.md). Several consumers of one
 * shard do no harm.
 */
export class Consumer {
  readonly #parts: ConsumerParts;
  readonly #clock: Clock;
  readonly #log: ReplicationLog;
  /** The first segment whose jobs have not begun; `undefined` sends the reader back to the watermark. */
  #position: number | undefined;
  #stride = 1;
  #inFlight = 0;
  #tail: Promise<void> = Promise.resolve();
  #nextHeadCheckMs = 0;

  constructor(parts: ConsumerParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    this.#log = parts.log ?? silentLog;
  }

  /** Reads what is new and waits until it is applied; answers how many segments. One request to the peer when there is nothing. */
  async step(o: CallOptions = {}): Promise<number> {
    const batch = await this.read(o);
    await batch?.applied;
    return batch?.segments ?? 0;
  }

  /**
   * Begins what is new and does not wait, so that further batches can begin meanwhile; the watermark still moves in order.
   * One call at a time. Where a batch came and more may follow, the next one reads further ahead.
   */
  async read(o: CallOptions = {}): Promise<Batch | undefined> {
    const from = this.#position ?? (await this.#watermark(o));
    this.#position = from;
    const segments = await this.#fetch(from, o);
    if (segments.length === 0) {
      this.#stride = 1;
      if (this.#inFlight === 0) await this.#checkHead(from, o);
      return undefined;
    }
    if (this.#inFlight === 0 && (await this.#watermark(o)) > from) {
      // Another worker of this region has applied them meanwhile.
      this.#position = undefined;
      return this.read(o);
    }
    this.#stride = segments.length === this.#stride ? Math.min(this.#stride * 2, MAX_STRIDE) : 1;
    return this.#begin(from, segments, o);
  }

  /** Segments `from` on, up to the first that is not there, which is all of them in most cases. */
  async #fetch(from: number, o: CallOptions): Promise<NumberedSegment[]> {
    const { peer, shard } = this.#parts;
    const numbers = Array.from({ length: this.#stride }, (_, i) => from + i);
    const found = await Promise.all(numbers.map((number) => readSegment(peer, shard, number, o)));
    const missing = found.indexOf(undefined);
    const present = missing < 0 ? found : found.slice(0, missing);
    return present.flatMap((segment, i) => (segment ? [numbered(from + i, segment)] : []));
  }

  #begin(from: number, segments: readonly NumberedSegment[], o: CallOptions): Batch {
    const { queue, source, shard, waitMs = 60_000 } = this.#parts;
    const jobs = jobsOf(segments, { source, shard, now: this.#clock.now() });
    const outcomes = jobs.length === 0 ? Promise.resolve([]) : queue.run(jobs, { waitMs, signal: o.signal });
    const next = from + segments.length;
    this.#position = next;
    this.#inFlight += 1;
    const applied = this.#finish(this.#tail, jobs, outcomes, { from, next }, o);
    this.#tail = applied;
    // The caller hears of the failure; here it only must not go unheard while the caller still reads.
    applied.catch(() => undefined);
    return { segments: segments.length, applied };
  }

  async #finish(
    before: Promise<void>,
    jobs: readonly Job[],
    outcomes: Promise<Outcome[]>,
    range: { from: number; next: number },
    o: CallOptions,
  ): Promise<void> {
    try {
      const [ended] = await Promise.all([outcomes, before]);
      await this.#markUnfinished(jobs, ended, o);
      await this.#advance(range, o);
    } catch (cause) {
      this.#position = undefined;
      this.#tail = Promise.resolve();
      throw cause;
    } finally {
      this.#inFlight -= 1;
    }
  }

  /** Before the watermark moves: a crash in between only makes the changes run again. */
  async #markUnfinished(jobs: readonly Job[], outcomes: readonly Outcome[], o: CallOptions): Promise<void> {
    const reasons = new Map(
      jobs.flatMap((job, i) => (outcomes[i] === 'done' ? [] : [[job.repository, outcomes[i] ?? 'late'] as const])),
    );
    for (const [repository, reason] of reasons) {
      this.#log.warn('change not taken in, repository will be compared', {
        source: this.#parts.source,
        repository,
        reason,
      });
      await this.#parts.dirty.mark(repository, reason, o);
    }
  }

  async #advance({ from, next }: { from: number; next: number }, o: CallOptions): Promise<void> {
    const { store, source, shard } = this.#parts;
    const move = (old: { next: number } | undefined) => {
      const reached = old?.next ?? 1;
      if (reached < from) throw new Error(`the watermark went back from ${from} to ${reached}`);
      return reached >= next ? undefined : { next };
    };
    await updateWatermark(store, source, shard, move, o);
  }

  /** The peer's journal has none at `from`: normally because there is nothing new. */
  async #checkHead(from: number, o: CallOptions): Promise<void> {
    if (this.#clock.now() < this.#nextHeadCheckMs) return;
    const { peer, shard, source, store, dirty } = this.#parts;
    const head = await readHead(peer, shard, o);
    if (await this.#isLost(from, head, o)) {
      this.#position = undefined;
      // Another worker of this region may have read on before they went.
      if ((await this.#watermark(o)) !== from) return;
      this.#log.warn('journal cannot be followed, all repositories will be compared', { source, shard, from, ...head });
      // The head was read before the names: what changes from now on stands in segments that are still to be read.
      const marked = await dirty.markAll(peer, 'journal lost', o);
      const skip = (old: { next: number } | undefined) => ((old?.next ?? 1) === from ? { next: head.next } : undefined);
      await updateWatermark(store, source, shard, skip, o);
      this.#log.info('repositories marked for comparison', { source, shard, marked });
    }
    this.#nextHeadCheckMs = this.#clock.now() + (this.#parts.headEveryMs ?? 60_000);
  }

  /** Retired before it was read, lost with part of the peer's bucket, or the peer's journal has begun anew. */
  async #isLost(from: number, head: { next: number; floor: number }, o: CallOptions): Promise<boolean> {
    const { peer, shard } = this.#parts;
    const isThere = async (number: number) => (await peer.head(keys.segment(shard, number), o)) !== undefined;
    if (from <= head.floor) return true;
    if (from < head.next) return !(await isThere(from));
    // A head may lag behind the last segment, never behind two: then the segment read last would be gone.
    return from > head.next && !(await isThere(from - 1));
  }

  async #watermark(o: CallOptions): Promise<number> {
    const { store, source, shard } = this.#parts;
    return (await readWatermark(store, source, shard, o))?.next ?? 1;
  }
}

function numbered(number: number, segment: Segment): NumberedSegment {
  return { number, segment };
}
