/** How long one request may take. */
export interface Timeouts {
  /** Until the answer to a request without a body to speak of is there, and read where it is read whole. */
  readonly answerMs: number;
  /** The least that a connection is expected to carry: larger bodies have longer. */
  readonly leastBytesPerSecond: number;
  /** While a body is being read and nothing comes. */
  readonly idleMs: number;
}

export const USUAL_TIMEOUTS: Timeouts = { answerMs: 30_000, leastBytesPerSecond: 262_144, idleMs: 60_000 };

/** The time for a request that moves so many bytes. */
export function timeLimitMs({ answerMs, leastBytesPerSecond }: Timeouts, sizeBytes: number): number {
  return answerMs + (sizeBytes / leastBytesPerSecond) * 1000;
}
