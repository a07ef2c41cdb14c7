import { giveBack } from '@atoll/storage';

const FIRST_BYTES = 65_536;

/**
 * Bytes gathered into one piece of memory that grows as they come. They are copied: a one-byte chunk of a request may keep the
 * whole network buffer that it arrived in alive.
 */
export class ByteBuffer {
  #memory = Buffer.alloc(0);
  #length = 0;
  #firstBytes = FIRST_BYTES;

  get length(): number {
    return this.#length;
  }

  /** Takes as much of `chunk` as fits below `limitBytes`; answers what does not. */
  fill(chunk: Uint8Array, limitBytes: number): Uint8Array {
    const fitting = chunk.subarray(0, Math.max(0, limitBytes - this.#length));
    this.#reserve(this.#length + fitting.length, limitBytes);
    this.#memory.set(fitting, this.#length);
    this.#length += fitting.length;
    return chunk.subarray(fitting.length);
  }

  /** Everything gathered; the buffer is empty afterwards. */
  take(): Buffer<ArrayBuffer> {
    const bytes = this.#memory.subarray(0, this.#length);
    // Who has filled it once fills it again: growing step by step, it would copy each byte once more.
    if (this.#length === this.#memory.length) this.#firstBytes = Math.max(FIRST_BYTES, this.#length);
    this.#memory = Buffer.alloc(0);
    this.#length = 0;
    return bytes;
  }

  #reserve(bytes: number, limitBytes: number): void {
    if (bytes <= this.#memory.length) return;
    const wanted = Math.min(limitBytes, Math.max(this.#firstBytes, 4 * this.#memory.length));
    const grown = Buffer.allocUnsafeSlow(Math.max(bytes, wanted));
    this.#memory.copy(grown, 0, 0, this.#length);
    giveBack(this.#memory);
    this.#memory = grown;
  }
}
