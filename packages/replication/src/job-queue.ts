import type { Job } from './job.js';

/** `failed`: not to be tried again. `late`: nothing was heard in time; the job may still run. */
export type Outcome = 'done' | 'failed' | 'late';

export interface RunOptions {
  /** How long to wait for a job's end before it counts as late. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
}

export type JobHandler = (job: Job, o: { readonly signal: AbortSignal }) => Promise<void>;

export interface QueueCounts {
  /** Not begun, or waiting for their next attempt. */
  readonly waiting: number;
  readonly active: number;
}

/**
 * Work in progress, and nothing else: a queue may lose all of it at any moment, because the watermark and the dirty markers in the
 * region's own store say what is still to be done (docs/adr/0003-journal.md).
 */
export interface JobQueue {
  /**
   * Adds each job unless one of the same id is waiting or active, and tells how each ended, in order. Jobs may run more than once,
   * and in any order.
   * @throws the signal's reason when it aborts; the jobs stay
   */
  run(jobs: readonly Job[], o: RunOptions): Promise<Outcome[]>;

  /** Begins to hand out jobs; called at most once. A handler that throws is called again later unless {@link isPermanent}. */
  process(handler: JobHandler, o: { readonly concurrency: number }): void;

  /** `undefined` when the queue cannot be asked at the moment. */
  counts(): Promise<QueueCounts | undefined>;

  /** Hands out no more jobs, gives the active ones `drainMs`, then aborts them. Safe to repeat. */
  close(o?: { readonly drainMs?: number }): Promise<void>;
}
