import type { Clock } from '@atoll/core';

/**
 * Gives every object written a time of its own, in microseconds. A stamp is later than every other this process gave and later than
 * the time of every object it has seen, so a version made of it never repeats one that anybody in this process holds, even where
 * the file system hands out the inode of a deleted file again and the clock was set back.
 */
export class Stamps {
  readonly #clock: Clock;
  /** In microseconds since 1970. */
  #latest = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The next stamp, in microseconds. */
  next(): number {
    return (this.#latest = Math.max(Math.floor(this.#clock.now() * 1000), this.#latest + 1));
  }

  observe(mtimeNs: bigint): void {
    this.#latest = Math.max(this.#latest, stampOf(mtimeNs));
  }
}

/** The stamp of a file of that time. */
export function stampOf(mtimeNs: bigint): number {
  return Number(mtimeNs / 1000n);
}

/** A stamp in seconds, as `utimes` takes it: the middle of the microsecond, as a double near its edge could be cut down to the one before. */
export function secondsOf(stamp: number): number {
  return (stamp + 0.5) / 1e6;
}
