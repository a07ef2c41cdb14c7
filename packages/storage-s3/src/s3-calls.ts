import type { S3Client } from '@aws-sdk/client-s3';
import { Attempts, timeLimitMs, USUAL_TIMEOUTS, type ClockGuard, type RetryPlan, type Timeouts } from '@atoll/storage';
import { failureOf } from './failure-of.js';
import type { ObjectRequests } from './object-requests.js';
import { S3Failure } from './s3-failure.js';

/** Servers refuse signatures that are 15 minutes old or early; from here on the time that is signed is corrected, by the SDK and by us. */
export const SIGNATURE_SKEW_MS = 300_000;

/** How long one request may take. Here an answer only has to begin in `answerMs`, and `idleMs` counts before it, too. */
export interface S3Timeouts extends Timeouts {
  readonly connectMs: number;
}

export const USUAL_S3_TIMEOUTS: S3Timeouts = { ...USUAL_TIMEOUTS, connectMs: 5_000 };

/** What every request is sent with. */
export interface RequestOptions {
  readonly abortSignal?: AbortSignal;
  readonly requestTimeout: number;
}

export interface SendOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of the request's body. */
  readonly sizeBytes?: number;
}

export interface CallParts {
  readonly client: S3Client;
  readonly objects: ObjectRequests;
  readonly clock: ClockGuard;
  readonly retries: RetryPlan;
  readonly timeouts: S3Timeouts;
}

/** Requests to the server, with the time they have and what is tried again. The SDK itself tries nothing twice. */
export class S3Calls {
  /** For what is told in XML. */
  readonly client: S3Client;
  readonly objects: ObjectRequests;
  readonly clock: ClockGuard;
  readonly #retries: RetryPlan;
  readonly timeouts: S3Timeouts;

  constructor({ client, objects, clock, retries, timeouts }: CallParts) {
    this.client = client;
    this.objects = objects;
    this.clock = clock;
    this.#retries = retries;
    this.timeouts = timeouts;
  }

  /** One attempt. @throws S3Failure, the signal's reason, or what `request` throws that has nothing to do with the server */
  async once<T>(request: (options: RequestOptions) => Promise<T>, o: SendOptions = {}): Promise<T> {
    o.signal?.throwIfAborted();
    const { skewMs } = this.clock;
    const requestTimeout = timeLimitMs(this.timeouts, o.sizeBytes ?? 0);
    try {
      return await request({ requestTimeout, ...(o.signal && { abortSignal: o.signal }) });
    } catch (cause) {
      o.signal?.throwIfAborted();
      const failure = this.#failureOf(cause, skewMs);
      if (failure?.stale) await this.#renewCredentials();
      throw failure ?? cause;
    }
  }

  /** As many attempts as it takes, of a request that is safe to repeat. @throws as {@link once} */
  async send<T>(request: (options: RequestOptions) => Promise<T>, o: SendOptions = {}): Promise<T> {
    return this.attempts(o.signal).run(() => this.once(request, o));
  }

  /** The SDK keeps credentials until the end they told of themselves. What fails here fails again when they are used. */
  async #renewCredentials(): Promise<void> {
    await this.client.config.credentials({ forceRefresh: true }).catch(() => undefined);
  }

  close(): void {
    this.client.destroy();
    this.objects.close();
  }

  attempts(signal: AbortSignal | undefined): Attempts {
    return new Attempts(this.#retries, signal);
  }

  /**
   * An answer to a HEAD has no body to say that it was the clock; a clock that is off, or was when the request was signed, says so. The
   * next attempt is signed by the server's.
   */
  #failureOf(cause: unknown, skewBeforeMs: number): S3Failure | undefined {
    const failure = failureOf(cause);
    const skewMs = Math.max(Math.abs(this.clock.skewMs), Math.abs(skewBeforeMs));
    if (failure?.status !== 403 || skewMs < SIGNATURE_SKEW_MS) return failure;
    return new S3Failure('answered', 'RequestTimeTooSkewed', failure.more);
  }
}
