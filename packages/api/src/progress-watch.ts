import { RegistryError } from '@atoll/core';
import type { ApiLimits } from './limits.js';

export type BodyLimits = Pick<ApiLimits, 'bodyIdleMs' | 'bodyWindowMs' | 'minBodyBytesPerSecond'>;

/** Adds up the time spent waiting for a client and what came meanwhile, window by window, and tells when it is too slow. */
export class ProgressWatch {
  expired = false;
  #bytes = 0;
  #waitedMs = 0;
  #waitingSince: number | undefined;
  readonly #timer: NodeJS.Timeout;

  /** @param onExpired told once: of a client that brought nothing for too long, or too little in a whole window */
  constructor(
    private readonly limits: BodyLimits,
    private readonly onExpired: (cause: RegistryError) => void,
  ) {
    this.#timer = setTimeout(() => this.#expireIfWaiting(), limits.bodyIdleMs);
  }

  /** From now on the registry waits for the client. */
  wait(): void {
    this.#waitingSince = performance.now();
    this.#timer.refresh();
  }

  /** So much came, waited for or not. */
  count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#waitingSince === undefined) return;
    this.waited();
    this.wait();
    const { bodyWindowMs, minBodyBytesPerSecond } = this.limits;
    if (this.#waitedMs < bodyWindowMs) return;
    if (this.#bytes * 1000 < minBodyBytesPerSecond * this.#waitedMs) return this.#expire();
    this.#bytes = this.#waitedMs = 0;
  }

  /** The registry has what it waited for. */
  waited(): void {
    if (this.#waitingSince !== undefined) this.#waitedMs += performance.now() - this.#waitingSince;
    this.#waitingSince = undefined;
  }

  stop(): void {
    this.#waitingSince = undefined;
    clearTimeout(this.#timer);
  }

  #expireIfWaiting(): void {
    if (this.#waitingSince !== undefined) this.#expire();
  }

  #expire(): void {
    this.stop();
    this.expired = true;
    this.onExpired(
      new RegistryError('UNAVAILABLE', 'the request body came too slowly; what was stored of an upload is kept', {
        status: 408,
      }),
    );
  }
}
