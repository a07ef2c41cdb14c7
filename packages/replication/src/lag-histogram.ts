export interface LagSummary {
  /** Since the process started; the percentiles are of the latest. */
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** The latest lags, exact: a few thousand numbers. */
export class LagHistogram {
  readonly #latest: number[] = [];
  readonly #size: number;
  #count = 0;

  constructor(size = 4096) {
    this.#size = size;
  }

  record(milliseconds: number): void {
    this.#latest[this.#count % this.#size] = milliseconds;
    this.#count += 1;
  }

  /** `undefined` before the first. */
  summary(): LagSummary | undefined {
    const sorted = [...this.#latest].sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    const [p50Ms, p99Ms, maxMs] = [at(0.5), at(0.99), sorted.at(-1)];
    if (p50Ms === undefined || p99Ms === undefined || maxMs === undefined) return undefined;
    return { count: this.#count, p50Ms, p99Ms, maxMs };
  }
}
