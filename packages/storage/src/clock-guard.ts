import { systemClock, type Clock } from '@atoll/core';
import { StorageError } from './storage-error.js';

/** Times of writes order what regions did, so a clock that is off by more than this must not write. */
const MOST_SKEW_MS = 30_000;

/** Compares this machine's clock with the `Date` of every answer of a server. */
export class ClockGuard {
  #skewMs: number | undefined;

  constructor(private readonly clock: Clock = systemClock) {}

  /** How far this machine's clock is ahead, as far as the last answer proves it; less than 0 when it is behind. */
  get skewMs(): number {
    return this.#skewMs ?? 0;
  }

  now(): number {
    return this.clock.now();
  }

  /** `sentAt` is when the request was sent. The header tells whole seconds, and the answer was made at some time since. */
  observe(date: string | Date | undefined, sentAt: number): void {
    const from = date === undefined ? Number.NaN : new Date(date).getTime();
    if (Number.isNaN(from)) return;
    const ahead = sentAt - (from + 999);
    const behind = from - this.clock.now();
    if (ahead > 0) this.#skewMs = ahead;
    else this.#skewMs = behind > 0 ? -behind : 0;
  }

  /** An answer was seen, and the last one agrees with the clock well enough to write. */
  get trusted(): boolean {
    return this.#skewMs !== undefined && Math.abs(this.#skewMs) <= MOST_SKEW_MS;
  }

  /** @throws StorageError 'unavailable' while the clock is off */
  check(url: string): void {
    if (Math.abs(this.skewMs) <= MOST_SKEW_MS) return;
    const seconds = Math.round(Math.abs(this.skewMs) / 1000);
    const direction = this.skewMs > 0 ? 'ahead of' : 'behind';
    throw new StorageError(
      'unavailable',
      `${url}: this machine's clock is ${seconds} s ${direction} the server's; nothing is written until it is set right`,
    );
  }
}
