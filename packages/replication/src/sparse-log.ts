import { systemClock, type Clock } from '@atoll/core';
import { reasonOf, type ReplicationLog } from './log.js';

/** One line when something begins to fail, then at most one a while with how often it happened: an outage is not a flood. */
export class SparseLog {
  readonly #log: ReplicationLog;
  readonly #clock: Clock;
  readonly #everyMs: number;
  #nextAtMs = 0;
  #suppressed = 0;

  constructor(log: ReplicationLog, o: { readonly clock?: Clock; readonly everyMs?: number } = {}) {
    this.#log = log;
    this.#clock = o.clock ?? systemClock;
    this.#everyMs = o.everyMs ?? 30_000;
  }

  warn(message: string, cause: unknown, facts: Record<string, unknown> = {}): void {
    const now = this.#clock.now();
    if (now < this.#nextAtMs) {
      this.#suppressed += 1;
      return;
    }
    this.#log.warn(message, { ...facts, reason: reasonOf(cause), suppressed: this.#suppressed });
    this.#nextAtMs = now + this.#everyMs;
    this.#suppressed = 0;
  }
}
