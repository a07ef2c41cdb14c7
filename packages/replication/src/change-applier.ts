import { systemClock, type Clock } from '@atoll/core';
import { RegionReader, type Registry } from '@atoll/registry';
import { KeyedMutex, type ReadableStore } from '@atoll/storage';
import { BlobCopier } from './copy-blob.js';
import { NotYetError } from './failure.js';
import type { Job } from './job.js';
import type { JobHandler } from './job-queue.js';
import { LagHistogram } from './lag-histogram.js';
import { silentLog, type ReplicationLog } from './log.js';
import type { MergeContext } from './merge-context.js';
import { mergeManifest } from './merge-manifest.js';
import { mergeRepository } from './merge-repository.js';
import { mergeTag } from './merge-tag.js';

export interface ChangeApplierParts {
  /** This region's own. */
  readonly registry: Registry;
  readonly peers: ReadonlyMap<string, ReadableStore>;
  readonly clock?: Clock;
  readonly log?: ReplicationLog;
  readonly copier?: BlobCopier;
}

/** Runs jobs: merges what a peer has under a name into this region. Any job may run any number of times, in any order. */
export class ChangeApplier {
  /** From the acknowledgement at the source to the merge here, of the jobs this process ran. */
  readonly lag = new LagHistogram();
  readonly #parts: ChangeApplierParts;
  readonly #clock: Clock;
  readonly #log: ReplicationLog;
  readonly #copier: BlobCopier;
  readonly #manifestMutex = new KeyedMutex();

  constructor(parts: ChangeApplierParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    this.#log = parts.log ?? silentLog;
    this.#copier = parts.copier ?? new BlobCopier();
  }

  /** A {@link JobHandler}. */
  readonly apply: JobHandler = async (job, { signal }) => {
    const startedAtMs = this.#clock.now();
    await this.#merge(job, this.#context(job, signal));
    const now = this.#clock.now();
    const lagMs = job.acknowledgedAtMs === undefined ? undefined : Math.max(0, now - job.acknowledgedAtMs);
    if (lagMs !== undefined) this.lag.record(lagMs);
    this.#log.debug('change merged', {
      kind: job.kind,
      source: job.source,
      repository: job.repository,
      name: job.kind === 'tag' ? job.tag : job.kind === 'manifest' ? job.digest : undefined,
      requestId: job.requestId,
      durationMs: now - startedAtMs,
      lagMs,
    });
  };

  async #merge(job: Job, context: MergeContext): Promise<void> {
    switch (job.kind) {
      case 'tag':
        return mergeTag(context, job.tag);
      case 'manifest':
        return mergeManifest(context, job.digest);
      case 'repository':
        return mergeRepository(context);
    }
  }

  #context(job: Job, signal: AbortSignal): MergeContext {
    const peer = this.#parts.peers.get(job.source);
    if (peer === undefined) throw new NotYetError(`region ${job.source} is no peer of this worker`);
    return {
      repository: job.repository,
      source: job.source,
      reader: new RegionReader(peer),
      registry: this.#parts.registry,
      copier: this.#copier,
      manifestMutex: this.#manifestMutex,
      clock: this.#clock,
      log: this.#log,
      deadlineMs: job.deadlineMs,
      signal,
      requestId: job.requestId,
    };
  }
}
