import { setTimeout as sleep } from 'node:timers/promises';
import { RequestFailure } from './request-failure.js';

export interface RetryPlan {
  readonly attempts: number;
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
  /** No pause begins that would end later than this after the call began. */
  readonly withinMs: number;
}

export const USUAL_RETRIES: RetryPlan = { attempts: 6, firstPauseMs: 50, maxPauseMs: 5_000, withinMs: 30_000 };

/** What counts of a request that failed. */
type FailedAttempt = Pick<RequestFailure, 'passing' | 'throttled' | 'more'>;

/** The attempts of one call of a driver that talks to a server. */
export class Attempts {
  readonly #began = performance.now();
  #made = 0;

  constructor(
    private readonly plan: RetryPlan,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /**
   * Waits until the next attempt may be made; `false` when there is none. What the server asks for in Retry-After is the least.
   * @throws the signal's reason
   */
  async another(failure: FailedAttempt): Promise<boolean> {
    this.signal?.throwIfAborted();
    this.#made += 1;
    if (!failure.passing || this.#made >= this.plan.attempts) return false;
    const pauseMs = this.#pauseMs(failure);
    if (performance.now() - this.#began + pauseMs > this.plan.withinMs) return false;
    await sleep(pauseMs, undefined, { signal: this.signal }).catch(() => this.signal?.throwIfAborted());
    return true;
  }

  /** As many attempts as it takes, of a request that is safe to repeat. @throws what the last one did, or the signal's reason */
  async run<T>(request: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await request();
      } catch (cause) {
        if (!(cause instanceof RequestFailure) || !(await this.another(cause))) throw cause;
      }
    }
  }

  /** Full jitter: those that were refused together come back apart. */
  #pauseMs({ throttled, more: { retryAfterMs = 0 } }: FailedAttempt): number {
    const first = this.plan.firstPauseMs * (throttled ? 4 : 1);
    const limit = Math.min(this.plan.maxPauseMs, first * 2 ** (this.#made - 1));
    return retryAfterMs + Math.random() * limit;
  }
}
