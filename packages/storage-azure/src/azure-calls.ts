import { Attempts, timeLimitMs, type ClockGuard, type RetryPlan, type Timeouts } from '@atoll/storage';
import { AzureFailure } from './azure-failure.js';
import { failureOf } from './failure-of.js';

export interface SendOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of the request's body. */
  readonly sizeBytes?: number;
}

/** What every request of the SDK is sent with. */
export interface RequestOptions {
  readonly abortSignal: AbortSignal;
}

/** What every answer of the SDK has. */
export interface Answer {
  readonly date?: Date;
}

export interface CallParts {
  readonly clock: ClockGuard;
  readonly retries: RetryPlan;
  readonly timeouts: Timeouts;
}

/** Requests to the server, with the time they have and what is tried again. The SDK itself tries nothing twice. */
export class AzureCalls {
  readonly clock: ClockGuard;
  readonly timeouts: Timeouts;
  readonly #retries: RetryPlan;

  constructor({ clock, retries, timeouts }: CallParts) {
    this.clock = clock;
    this.timeouts = timeouts;
    this.#retries = retries;
  }

  /** One attempt. @throws AzureFailure, the signal's reason, or what `request` throws that has nothing to do with the server */
  async once<T extends Answer>(request: (options: RequestOptions) => Promise<T>, o: SendOptions = {}): Promise<T> {
    o.signal?.throwIfAborted();
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeLimitMs(this.timeouts, o.sizeBytes ?? 0));
    const abortSignal = o.signal ? AbortSignal.any([o.signal, late.signal]) : late.signal;
    const sentAt = this.clock.now();
    try {
      const answer = await request({ abortSignal });
      this.clock.observe(answer.date, sentAt);
      return answer;
    } catch (cause) {
      o.signal?.throwIfAborted();
      const failure = late.signal.aborted ? new AzureFailure('lost', 'TimeoutError') : failureOf(cause);
      this.clock.observe(failure?.more.date, sentAt);
      throw failure ?? cause;
    } finally {
      clearTimeout(timer);
    }
  }

  /** As many attempts as it takes, of a request that is safe to repeat. @throws as {@link once} */
  async send<T extends Answer>(request: (options: RequestOptions) => Promise<T>, o: SendOptions = {}): Promise<T> {
    return this.attempts(o.signal).run(() => this.once(request, o));
  }

  attempts(signal: AbortSignal | undefined): Attempts {
    return new Attempts(this.#retries, signal);
  }
}
