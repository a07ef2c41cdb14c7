import {
  isPermanent,
  type Job,
  type JobHandler,
  type JobQueue,
  type Outcome,
  type QueueCounts,
} from '@atoll/replication';

/** What becomes of the jobs of one call, by their place in it. */
export interface Mischief {
  /** Not run, and never heard of again: the queue was wiped. */
  readonly lost?: readonly number[];
  /** Run once more at the end. */
  readonly twice?: readonly number[];
  /** Run, but the news of it is lost. */
  readonly unheard?: readonly number[];
  readonly backwards?: boolean;
  readonly together?: boolean;
}

const ATTEMPTS = 3;

/** Runs jobs at once and without a clock, so that a test knows when they are done; and plays tricks on request. */
export class InlineQueue implements JobQueue {
  /** For the next calls of `run`. */
  mischief: Mischief = {};
  #handler: JobHandler = () => Promise.reject(new Error('nobody processes jobs'));
  readonly #signal = new AbortController().signal;

  process(handler: JobHandler): void {
    this.#handler = handler;
  }

  async run(jobs: readonly Job[]): Promise<Outcome[]> {
    const { lost = [], twice = [], unheard = [], backwards = false, together = false } = this.mischief;
    const outcomes: Outcome[] = jobs.map(() => 'late');
    const order = jobs.map((_, i) => i).filter((i) => !lost.includes(i));
    if (backwards) order.reverse();
    order.push(...order.filter((i) => twice.includes(i)));
    const run = async (i: number): Promise<void> => {
      const job = jobs[i];
      if (job === undefined) return;
      const outcome = await this.#run(job);
      if (!unheard.includes(i)) outcomes[i] = outcome;
    };
    if (together) await Promise.all(order.map(run));
    else for (const i of order) await run(i);
    return outcomes;
  }

  async counts(): Promise<QueueCounts> {
    return { waiting: 0, active: 0 };
  }

  async close(): Promise<void> {}

  async #run(job: Job): Promise<Outcome> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#handler(job, { signal: this.#signal });
        return 'done';
      } catch (cause) {
        if (isPermanent(cause) || attempt === ATTEMPTS) return 'failed';
      }
    }
  }
}
