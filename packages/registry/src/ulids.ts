import { randomFillSync } from 'node:crypto';
import { ulid } from 'ulid';

const POOL_BYTES = 4096;

/** ULIDs whose randomness is fetched for many at a time: one by one, as the library does it, it costs more than all the rest of a write's key. */
export class Ulids {
  readonly #pool = Buffer.alloc(POOL_BYTES);
  #used = POOL_BYTES;

  /** `at` in milliseconds since 1970. */
  next(at: number): string {
    return ulid(at, () => this.#byte() / 256);
  }

  /** A byte makes a character: 32 of them, each as likely as the others. */
  #byte(): number {
    if (this.#used === POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    return this.#pool[this.#used++] ?? 0;
  }
}
