import { Queue, UnrecoverableError, Worker, type QueueEvents } from 'bullmq';
import { exponentialBackoff, type Backoff } from './backoff.js';
import { BullEvents } from './bull-events.js';
import { isPermanent } from './failure.js';
import { jobId, parseJob, priorityOf, type Job } from './job.js';
import type { JobHandler, JobQueue, Outcome, QueueCounts, RunOptions } from './job-queue.js';
import { reasonOf, silentLog, type ReplicationLog } from './log.js';
import { SparseLog } from './sparse-log.js';
import { Waiters } from './waiters.js';

export interface BullQueueOptions {
  /** `redis://[user:password@]host:port[/db]` */
  readonly url: string;
  /** One per region; regions may share a Redis. */
  readonly region: string;
  readonly log?: ReplicationLog;
  readonly attempts?: number;
  readonly backoff?: Backoff;
  /** After this time without news, jobs that are waited for are added again: Redis may have lost them, or the news of their end. */
  readonly resendMs?: number;
}

const BATCH = 500;
const ASK_MS = 2000;
const ADD_MS = 10_000;
const MAX_STALLS = 100;

/**
 * Jobs in Redis, shared by all workers of a region. Redis may be flushed, killed and started empty at any moment: what is waited
 * for is added again under the same id, which BullMQ ignores where the job still exists and which is harmless where it has run.
 */
export class BullQueue implements JobQueue {
  readonly #attempts: number;
  readonly #backoff: Backoff;
  readonly #log: ReplicationLog;
  readonly #trouble: SparseLog;
  readonly #name: string;
  readonly #connection;
  readonly #queue: Queue;
  readonly #events: QueueEvents;
  readonly #waiters = new Waiters();
  readonly #awaited = new Map<string, { readonly job: Job; sentAtMs: number }>();
  readonly #resendMs: number;
  readonly #resender: NodeJS.Timeout;
  readonly #stopping = new AbortController();
  #worker: Worker | undefined;
  #sends = 0;
  #closing: Promise<void> | undefined;
  readonly #left = new AbortController();

  constructor(o: BullQueueOptions) {
    this.#attempts = o.attempts ?? 5;
    this.#backoff = o.backoff ?? exponentialBackoff();
    this.#log = o.log ?? silentLog;
    this.#trouble = new SparseLog(this.#log);
    this.#name = `replication-${o.region}`;
    this.#connection = {
      url: o.url,
      maxRetriesPerRequest: null,
      // `null` ends a connection that is still looking for a lost Redis when the process wants to end.
      // The client waits as long also for a connection that is gone already, and keeps the process for it.
      disconnectTimeout: 500,
      retryStrategy: (times: number) =>
        this.#left.signal.aborted ? null : Math.min(50 * 2 ** Math.min(times, 10), 1000),
    };
    const base = { connection: this.#connection, prefix: 'atoll' };
    this.#queue = new Queue(this.#name, base);
    // From the stream's beginning, not from `$`: with `$`, what ends before the first blocking read reaches Redis is never heard of.
    this.#events = new BullEvents(this.#name, { ...base, lastEventId: '0-0' });
    this.#events.on('completed', ({ jobId: id }) => this.#waiters.settle(id, 'done'));
    this.#events.on('failed', ({ jobId: id }) => this.#waiters.settle(id, 'failed'));
    this.#queue.on('error', (cause) => this.#trouble.warn('job queue unreachable', cause));
    this.#events.on('error', (cause) => this.#trouble.warn('job queue unreachable', cause));
    this.#resendMs = o.resendMs ?? 3000;
    this.#resender = setInterval(() => this.#resend(), this.#resendMs / 2);
  }

  async run(jobs: readonly Job[], o: RunOptions): Promise<Outcome[]> {
    o.signal?.throwIfAborted();
    const byId = new Map(jobs.map((job) => [jobId(job), job]));
    const outcomes = this.#waiters.waitFor(jobs.map(jobId), o);
    for (const [id, job] of byId) this.#awaited.set(id, { job, sentAtMs: Infinity });
    void this.#send([...byId.values()]);
    try {
      return await outcomes;
    } finally {
      for (const id of byId.keys()) if (!this.#waiters.has(id)) this.#awaited.delete(id);
    }
  }

  process(handler: JobHandler, o: { readonly concurrency: number }): void {
    const { signal } = this.#stopping;
    this.#worker = new Worker(this.#name, (job) => this.#attempt(handler, job.data, signal), {
      connection: this.#connection,
      prefix: 'atoll',
      concurrency: o.concurrency,
      // A worker that is killed again and again must not make its jobs fail: a job that is too old ends by its own deadline.
      maxStalledCount: MAX_STALLS,
      stalledInterval: 15_000,
      lockDuration: 30_000,
      runRetryDelay: 1000,
      settings: { backoffStrategy: (failures) => this.#backoff(failures) },
    });
    this.#worker.on('error', (cause) => this.#trouble.warn('job worker in trouble', cause));
  }

  async counts(): Promise<QueueCounts | undefined> {
    const asked = this.#queue.getJobCounts('wait', 'prioritized', 'delayed', 'active').catch(() => undefined);
    const counts = await within(ASK_MS, asked);
    if (counts === undefined) return undefined;
    const { wait = 0, prioritized = 0, delayed = 0, active = 0 } = counts;
    return { waiting: wait + prioritized + delayed, active };
  }

  close(o: { readonly drainMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(o.drainMs ?? 10_000);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    clearInterval(this.#resender);
    const drained = this.#worker?.close().then(() => true) ?? true;
    if ((await within(drainMs, drained)) !== true) {
      this.#stopping.abort(new Error('the job queue is closing'));
      await within(ASK_MS, drained);
    }
    this.#waiters.abandon();
    this.#left.abort();
    await Promise.all([this.#worker, this.#events, this.#queue].map(closeOrCut));
  }

  async #attempt(handler: JobHandler, data: unknown, signal: AbortSignal): Promise<void> {
    try {
      await handler(parseJob(data), { signal });
    } catch (cause) {
      const permanent = isPermanent(cause);
      this.#log.debug('job attempt failed', { permanent, reason: reasonOf(cause) });
      if (permanent) throw new UnrecoverableError(reasonOf(cause));
      throw cause instanceof Error ? cause : new Error(reasonOf(cause));
    }
  }

  /** While one call is under way there is none other: when Redis is away, calls pile up in the client. */
  #resend(): void {
    if (this.#sends > 0 || this.#awaited.size === 0) return;
    const before = performance.now() - this.#resendMs;
    const silent = [...this.#awaited.values()].filter(({ sentAtMs }) => sentAtMs < before);
    if (silent.length > 0) void this.#send(silent.map(({ job }) => job));
  }

  async #send(jobs: readonly Job[]): Promise<void> {
    this.#sends += 1;
    try {
      for (let i = 0; i < jobs.length; i += BATCH) {
        const added = this.#queue.addBulk(jobs.slice(i, i + BATCH).map((job) => this.#request(job)));
        // A call that Redis took with it must not keep the next one from being made.
        if ((await within(ADD_MS, added, this.#left.signal)) === undefined) added.catch(() => undefined);
      }
    } catch (cause) {
      if (this.#closing === undefined) this.#trouble.warn('job queue unreachable', cause);
    } finally {
      this.#sends -= 1;
      const sentAtMs = performance.now();
      for (const job of jobs) {
        const awaited = this.#awaited.get(jobId(job));
        if (awaited) awaited.sentAtMs = sentAtMs;
      }
    }
  }

  #request(job: Job): Parameters<Queue['addBulk']>[0][number] {
    return {
      name: job.kind,
      data: job,
      opts: {
        jobId: jobId(job),
        // BullMQ serves jobs without a priority before all others.
        priority: priorityOf(job),
        attempts: this.#attempts,
        backoff: { type: 'custom' },
        removeOnComplete: true,
        removeOnFail: true,
      },
    };
  }
}

async function closeOrCut(part: Worker | Queue | QueueEvents | undefined): Promise<void> {
  if (part === undefined) return;
  const closed = part.close().then(
    () => true,
    () => true,
  );
  if ((await within(ASK_MS, closed)) === true) return;
  await within(
    ASK_MS,
    part.disconnect().catch(() => undefined),
  );
}

/** `undefined` after that time, or when `end` aborts. */
async function within<T>(milliseconds: number, promise: Promise<T> | T, end?: AbortSignal): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const giveUp = () => late.resolve(undefined);
  const timer = setTimeout(giveUp, milliseconds);
  end?.addEventListener('abort', giveUp);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
    end?.removeEventListener('abort', giveUp);
  }
}
