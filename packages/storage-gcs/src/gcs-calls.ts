import type { IncomingMessage } from 'node:http';
import {
  Attempts,
  timeLimitMs,
  type CallOptions,
  type ClockGuard,
  type RetryPlan,
  type Take,
  type Timeouts,
  type Wire,
  type WireRequest,
} from '@atoll/storage';
import { readText } from './answers.js';
import { failureOf, refusalOf } from './failure-of.js';
import { GcsFailure } from './gcs-failure.js';
import type { GcsIdentity } from './identity.js';

export interface SendOptions extends CallOptions {
  /** That the server has to move before it answers, beside the body that it is sent. */
  readonly workBytes?: number;
}

export interface CallParts {
  readonly wire: Wire;
  readonly identity: GcsIdentity;
  readonly clock: ClockGuard;
  readonly retries: RetryPlan;
  readonly timeouts: Timeouts;
}

/** Requests to the server: their token, the time they have, and what is tried again. */
export class GcsCalls {
  readonly clock: ClockGuard;
  readonly timeouts: Timeouts;
  readonly #parts: CallParts;

  constructor(parts: CallParts) {
    this.clock = parts.clock;
    this.timeouts = parts.timeouts;
    this.#parts = parts;
  }

  /**
   * One attempt; a token that the server does not accept is renewed once, as nothing has happened then.
   * @throws GcsFailure, the signal's reason, or what `take` throws that has nothing to do with the server
   */
  async once<T>(request: WireRequest, take: Take<T>, o: SendOptions): Promise<T> {
    const { identity } = this.#parts;
    o.signal?.throwIfAborted();
    const token = await identity.token();
    try {
      return await this.#exchange(request, token, take, o);
    } catch (cause) {
      if (!(cause instanceof GcsFailure)) throw cause;
      if (token === undefined)
        throw cause.status === 401 ? new GcsFailure('answered', 'NoCredentials', cause.more) : cause;
      if (cause.status !== 401) throw cause;
      identity.renew(token);
      return this.#exchange(request, await identity.token(), take, o);
    }
  }

  /** As many attempts as it takes, of a request that is safe to repeat. @throws as {@link once} */
  async send<T>(request: WireRequest, take: Take<T>, o: SendOptions): Promise<T> {
    return this.attempts(o.signal).run(() => this.once(request, take, o));
  }

  attempts(signal: AbortSignal | undefined): Attempts {
    return new Attempts(this.#parts.retries, signal);
  }

  async #exchange<T>(
    request: WireRequest,
    token: string | undefined,
    take: Take<T>,
    { signal, workBytes = 0 }: SendOptions,
  ): Promise<T> {
    signal?.throwIfAborted();
    const sentAt = this.clock.now();
    const headers = { ...request.headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    const takeYes = async (answer: IncomingMessage): Promise<T> => {
      this.clock.observe(answer.headers.date, sentAt);
      const { statusCode: status = 0 } = answer;
      if (status < 200 || status > 299) throw refusalOf(answer, await readText(answer));
      return take(answer);
    };
    const limitMs = timeLimitMs(this.timeouts, workBytes + (request.body?.length ?? 0));
    try {
      return await this.#parts.wire.ask({ ...request, headers }, takeYes, { limitMs, signal });
    } catch (cause) {
      signal?.throwIfAborted();
      throw failureOf(cause) ?? cause;
    }
  }
}
