import { giveBack } from './give-back.js';

const LOOK_EVERY_MS = 5000;

/**
 * Buffers of one size that are used again. Each is all of an ArrayBuffer, so that it can be handed to another thread. What nobody has
 * needed for some seconds is let go.
 */
export class BufferPool {
  readonly #free: Buffer<ArrayBuffer>[] = [];
  readonly #taken = new WeakSet<ArrayBufferLike>();
  /** Since the last look. */
  #leastFree = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly bufferBytes: number,
    private readonly keptAtMost: number,
  ) {}

  take(): Buffer<ArrayBuffer> {
    const buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(this.bufferBytes);
    this.#leastFree = Math.min(this.#leastFree, this.#free.length);
    this.#taken.add(buffer.buffer);
    return buffer;
  }

  /** Whether these bytes begin a buffer that was taken here and not given back. */
  hasLent(bytes: Uint8Array): bytes is Buffer<ArrayBuffer> {
    return bytes.byteOffset === 0 && this.#taken.has(bytes.buffer);
  }

  /**
   * Only for buffers that nobody reads or writes any more. What was not taken here, or was given back before, or went to another thread,
   * is left alone.
   */
  give(...buffers: readonly Buffer<ArrayBuffer>[]): void {
    for (const buffer of buffers) {
      if (this.#taken.delete(buffer.buffer) && !buffer.buffer.detached) this.adopt(buffer);
    }
  }

  /** As `give`, of memory that comes back from another thread, where it got another name. */
  adopt(buffer: Buffer<ArrayBuffer>): void {
    if (buffer.length !== this.bufferBytes || this.#free.length >= this.keptAtMost) return giveBack(buffer);
    this.#free.push(buffer);
    this.#lookLater();
  }

  #lookLater(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      for (const unused of this.#free.splice(0, this.#leastFree)) giveBack(unused);
      this.#leastFree = this.#free.length;
      if (this.#free.length > 0) this.#lookLater();
    }, LOOK_EVERY_MS).unref();
  }
}
