import { exponentialBackoff, type Backoff } from './backoff.js';
import { isPermanent } from './failure.js';
import { jobId, priorityOf, type Job } from './job.js';
import type { JobHandler, JobQueue, Outcome, QueueCounts, RunOptions } from './job-queue.js';
import { reasonOf, silentLog, type ReplicationLog } from './log.js';
import { Waiters } from './waiters.js';

interface Entry {
  readonly id: string;
  readonly job: Job;
  failures: number;
}

/** The queue of a process that is a whole region by itself: nothing to install, nothing to lose that the store does not know. */
export class InProcessQueue implements JobQueue {
  readonly #attempts: number;
  readonly #backoff: Backoff;
  readonly #log: ReplicationLog;
  readonly #waiters = new Waiters();
  readonly #known = new Set<string>();
  /** Waiting entries by priority, each in order of arrival. */
  readonly #lanes = new Map<number, Map<string, Entry>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #stopping = new AbortController();
  readonly #active = new Set<Promise<void>>();
  #handler: JobHandler | undefined;
  #concurrency = 0;
  #closed = false;

  constructor(
    o: { readonly attempts?: number; readonly backoff?: Backoff; readonly log?: ReplicationLog | undefined } = {},
  ) {
    this.#attempts = o.attempts ?? 5;
    this.#backoff = o.backoff ?? exponentialBackoff();
    this.#log = o.log ?? silentLog;
  }

  async run(jobs: readonly Job[], o: RunOptions): Promise<Outcome[]> {
    o.signal?.throwIfAborted();
    const outcomes = this.#waiters.waitFor(jobs.map(jobId), o);
    for (const job of jobs) this.#add({ id: jobId(job), job, failures: 0 });
    this.#pump();
    return outcomes;
  }

  process(handler: JobHandler, o: { readonly concurrency: number }): void {
    this.#handler = handler;
    this.#concurrency = o.concurrency;
    this.#pump();
  }

  async counts(): Promise<QueueCounts> {
    return { waiting: this.#known.size - this.#active.size, active: this.#active.size };
  }

  async close(o: { readonly drainMs?: number } = {}): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    let limit: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (limit = setTimeout(resolve, o.drainMs ?? 10_000)));
    const drained = Promise.allSettled([...this.#active]);
    await Promise.race([drained, late]);
    clearTimeout(limit);
    this.#stopping.abort(new Error('the job queue is closing'));
    await drained;
    this.#waiters.abandon();
  }

  #add(entry: Entry): void {
    if (this.#closed || this.#known.has(entry.id)) return;
    this.#known.add(entry.id);
    this.#enqueue(entry);
  }

  #enqueue(entry: Entry): void {
    const priority = priorityOf(entry.job);
    const lane = this.#lanes.get(priority) ?? new Map<string, Entry>();
    this.#lanes.set(priority, lane.set(entry.id, entry));
  }

  #pump(): void {
    while (this.#handler !== undefined && !this.#closed && this.#active.size < this.#concurrency) {
      const entry = this.#next();
      if (entry === undefined) return;
      const attempt = this.#attempt(entry, this.#handler).finally(() => {
        this.#active.delete(attempt);
        this.#pump();
      });
      this.#active.add(attempt);
    }
  }

  #next(): Entry | undefined {
    for (const priority of [...this.#lanes.keys()].sort((a, b) => a - b)) {
      const lane = this.#lanes.get(priority);
      for (const [id, entry] of lane ?? []) {
        lane?.delete(id);
        return entry;
      }
    }
    return undefined;
  }

  async #attempt(entry: Entry, handler: JobHandler): Promise<void> {
    try {
      await handler(entry.job, { signal: this.#stopping.signal });
      this.#finish(entry, 'done');
    } catch (cause) {
      entry.failures += 1;
      const permanent = isPermanent(cause);
      this.#log.debug('job attempt failed', {
        job: entry.id,
        kind: entry.job.kind,
        source: entry.job.source,
        repository: entry.job.repository,
        failures: entry.failures,
        permanent,
        reason: reasonOf(cause),
      });
      if (permanent || entry.failures >= this.#attempts) this.#finish(entry, 'failed');
      else this.#retryLater(entry);
    }
  }

  #finish(entry: Entry, outcome: Outcome): void {
    this.#known.delete(entry.id);
    this.#waiters.settle(entry.id, outcome);
  }

  #retryLater(entry: Entry): void {
    if (this.#closed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#enqueue(entry);
      this.#pump();
    }, this.#backoff(entry.failures));
    this.#timers.add(timer);
  }
}
