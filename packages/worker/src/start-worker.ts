import { systemClock, type Clock } from '@atoll/core';
import type { Registry } from '@atoll/registry';
import {
  ChangeApplier,
  readReplicationStatus,
  Sequencer,
  type JobQueue,
  type LagSummary,
  type QueueCounts,
  type ReplicationLog,
  type ReplicationStatus,
} from '@atoll/replication';
import type { ReadableStore } from '@atoll/storage';
import { IntentSettling } from './intent-settling.js';
import { Loop } from './loop.js';
import { PeerFollower } from './peer-follower.js';

const HOUR_MS = 60 * 60 * 1000;

export interface WorkerOptions {
  /** The region's own. */
  readonly registry: Registry;
  /** By region; opened for reading. A peer may come into being later. */
  readonly peers: ReadonlyMap<string, ReadableStore>;
  /** The worker closes it when it stops. */
  readonly queue: JobQueue;
  readonly log: ReplicationLog;
  readonly clock?: Clock;
  /** How often journals are looked at when nobody wakes the worker. */
  readonly pollMilliseconds?: number;
  /** How many jobs run at once in this process. */
  readonly concurrency?: number;
  /** Called when new segments can be read, so that peers in the same process need not wait for their next poll. Must not throw. */
  readonly onSealed?: () => void;
  /** How long appended entries are gathered into one segment. */
  readonly gatherMilliseconds?: number;
  /** After this time a change that is not applied is left to a dirty marker. */
  readonly waitMilliseconds?: number;
  /** The age at which an intent is taken for one whose process died for certain. */
  readonly intentAgeMilliseconds?: number;
  /** The age at which what an intent names is told to the peers, in case its process died. */
  readonly settleMilliseconds?: number;
  readonly housekeepingMilliseconds?: number;
}

export interface WorkerStatus {
  readonly replication: ReplicationStatus;
  /** `undefined` when the queue cannot be asked. */
  readonly queue: QueueCounts | undefined;
  /** Of the changes this process merged; `undefined` before the first. */
  readonly lag: LagSummary | undefined;
}

export interface RunningWorker {
  /** A hint that some peer's journal has moved on. */
  wake(): void;
  /** Resolves when own entries are sealed and everything that peers had sealed by then is taken in, or was tried. */
  idle(): Promise<void>;
  /** Reads this region's and the peers' stores. */
  status(o?: { readonly signal?: AbortSignal }): Promise<WorkerStatus>;
  /** Begins no more work, gives running jobs `drainMs`, then aborts them. Safe to repeat. */
  stop(o?: { readonly drainMs?: number }): Promise<void>;
}

/** Everything a region does on its own: sealing its journal, following its peers, and housekeeping. Any number may run per region. */
export function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  return Promise.resolve(new Worker(options));
}

class Worker implements RunningWorker {
  readonly #options: WorkerOptions;
  readonly #clock: Clock;
  readonly #applier: ChangeApplier;
  readonly #sequencer: Sequencer;
  readonly #sealing: Loop;
  readonly #followers: PeerFollower[];
  readonly #housekeeping: readonly { stop(): Promise<void> }[];
  readonly #unsubscribe: () => void;
  #stopping: Promise<void> | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    const { registry, peers, queue, log } = options;
    const clock = (this.#clock = options.clock ?? systemClock);
    const pollMs = options.pollMilliseconds ?? 1000;
    this.#applier = new ChangeApplier({ registry, peers, clock, log });
    this.#sequencer = new Sequencer({ store: registry.store, shards: registry.identity.shards, clock, log });
    queue.process(this.#applier.apply, { concurrency: options.concurrency ?? 32 });
    this.#sealing = new Loop({
      name: 'journal sealing',
      step: (signal) => this.#seal(signal),
      everyMs: pollMs,
      gatherMs: options.gatherMilliseconds ?? 15,
      log,
    });
    this.#followers = [...peers].map(
      ([source, peer]) =>
        new PeerFollower({
          source,
          peer,
          store: registry.store,
          queue,
          clock,
          log,
          pollMs,
          dirtyPollMs: Math.max(pollMs, 5000),
          waitMs: options.waitMilliseconds ?? 60_000,
        }),
    );
    this.#housekeeping = this.#startHousekeeping();
    this.#unsubscribe = registry.journal.onAppend(() => this.#sealing.wake());
  }

  wake(): void {
    for (const follower of this.#followers) follower.wake();
  }

  async idle(): Promise<void> {
    await this.#sealing.settled();
    await Promise.all(this.#followers.map((follower) => follower.settled()));
  }

  async status(o: { readonly signal?: AbortSignal } = {}): Promise<WorkerStatus> {
    const { registry, peers, queue } = this.#options;
    const [replication, counts] = await Promise.all([
      readReplicationStatus(registry.store, registry.identity, peers, { ...o, clock: this.#clock }),
      queue.counts(),
    ]);
    return { replication, queue: counts, lag: this.#applier.lag.summary() };
  }

  stop(o: { readonly drainMs?: number } = {}): Promise<void> {
    this.#stopping ??= this.#stop(o.drainMs ?? 10_000);
    return this.#stopping;
  }

  /** What is appended while it stops is sealed by the next process. */
  async #stop(drainMs: number): Promise<void> {
    this.#unsubscribe();
    const loops = [this.#sealing, ...this.#followers, ...this.#housekeeping];
    await Promise.all(loops.map((loop) => loop.stop()));
    await this.#options.queue.close({ drainMs });
    await this.#options.registry.intents.idle();
  }

  async #seal(signal: AbortSignal): Promise<boolean> {
    const shards = Array.from({ length: this.#sequencer.shards }, (_, shard) => shard);
    const sealed = await Promise.all(shards.map((shard) => this.#sequencer.step(shard, { signal })));
    const some = sealed.some((count) => count > 0);
    if (some) this.#options.onSealed?.();
    return some;
  }

  #startHousekeeping(): { stop(): Promise<void> }[] {
    const { registry, log } = this.#options;
    const everyMs = this.#options.housekeepingMilliseconds ?? HOUR_MS;
    const tasks = {
      'upload sweep': (signal: AbortSignal) => registry.uploads.sweep({ signal }),
      'segment retirement': (signal: AbortSignal) => this.#sequencer.retire({ signal }),
    };
    const loops = Object.entries(tasks).map(([name, task]) => {
      const step = async (signal: AbortSignal): Promise<boolean> => {
        const counts = await task(signal);
        if (Object.values(counts).some((count) => count > 0)) log.info(`${name} done`, counts);
        return false;
      };
      return new Loop({ name, step, everyMs, log });
    });
    const settling = new IntentSettling({
      intents: registry.intents,
      log,
      everyMs,
      removeAfterMs: this.#options.intentAgeMilliseconds ?? 24 * HOUR_MS,
      settleAfterMs: this.#options.settleMilliseconds ?? 30_000,
    });
    return [...loops, settling];
  }
}
