import type { Clock } from '@atoll/core';
import { readRegion } from '@atoll/registry';
import { Consumer, DirtyRepositories, SparseLog, type JobQueue, type ReplicationLog } from '@atoll/replication';
import type { ObjectStore, ReadableStore } from '@atoll/storage';
import { Loop } from './loop.js';
import { PipelinedConsumer } from './pipelined-consumer.js';

export interface PeerFollowerParts {
  readonly source: string;
  readonly peer: ReadableStore;
  /** This region's own. */
  readonly store: ObjectStore;
  readonly queue: JobQueue;
  readonly clock: Clock;
  readonly log: ReplicationLog;
  readonly pollMs: number;
  readonly dirtyPollMs: number;
  readonly waitMs: number;
}

/** Follows one peer: every shard of its journal, and the repositories to be compared with it. */
export class PeerFollower {
  readonly #parts: PeerFollowerParts;
  readonly #dirty: DirtyRepositories;
  readonly #drain: Loop;
  readonly #greeting: Loop;
  readonly #trouble: SparseLog;
  #shards: PipelinedConsumer[] | undefined;

  constructor(parts: PeerFollowerParts) {
    this.#parts = parts;
    const { source, store, queue, clock, log, dirtyPollMs, pollMs } = parts;
    const trouble = (this.#trouble = new SparseLog(log));
    this.#dirty = new DirtyRepositories({ source, store, queue, clock, onMark: () => this.#drain.wake() });
    this.#drain = new Loop({
      name: 'repository comparison',
      facts: { source },
      step: async (signal) => (await this.#dirty.step({ signal })).cleaned > 0,
      everyMs: dirtyPollMs,
      log,
      trouble,
    });
    this.#greeting = new Loop({
      name: 'peer lookup',
      facts: { source },
      step: (signal) => this.#greet(signal),
      everyMs: pollMs,
      log,
      trouble,
    });
  }

  wake(): void {
    if (this.#shards === undefined) this.#greeting.wake();
    for (const shard of this.#shards ?? []) shard.wake();
  }

  /** Resolves when everything the peer had sealed at the call has been taken in, or was tried. */
  async settled(): Promise<void> {
    if (this.#shards === undefined) await this.#greeting.settled();
    await Promise.all((this.#shards ?? []).map((shard) => shard.settled()));
    await this.#drain.settled();
  }

  async stop(): Promise<void> {
    const loops = [this.#greeting, this.#drain, ...(this.#shards ?? [])];
    await Promise.all(loops.map((loop) => loop.stop()));
  }

  /** A peer that has not started yet is nothing to worry about: it is asked again until it has. */
  async #greet(signal: AbortSignal): Promise<boolean> {
    if (this.#shards !== undefined) return false;
    const { peer, source, log } = this.#parts;
    const identity = await readRegion(peer, { signal });
    if (identity === undefined) return false;
    if (identity.region !== source) {
      throw new Error(`${peer.url} is said to be region ${source}, but belongs to ${identity.region}`);
    }
    signal.throwIfAborted();
    this.#shards = Array.from({ length: identity.shards }, (_, shard) => this.#follow(shard));
    log.info('peer found', { source, shards: identity.shards });
    return false;
  }

  #follow(shard: number): PipelinedConsumer {
    const { pollMs, log, source } = this.#parts;
    const consumer = new Consumer({ ...this.#parts, shard, dirty: this.#dirty });
    return new PipelinedConsumer(consumer, { pollMs, log, trouble: this.#trouble, facts: { source, shard } });
  }
}
