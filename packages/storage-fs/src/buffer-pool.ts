/** Buffers of one size that are used again. */
export class BufferPool {
  readonly #free: Buffer[] = [];

  constructor(
    readonly bufferBytes: number,
    private readonly keptAtMost: number,
  ) {}

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.bufferBytes);
  }

  /** Only for buffers that nobody reads or writes any more. */
  give(buffers: Iterable<Buffer>): void {
    for (const buffer of buffers) if (this.#free.length < this.keptAtMost) this.#free.push(buffer);
  }
}
