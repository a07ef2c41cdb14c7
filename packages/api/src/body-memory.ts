const BATCH_BYTES = 262_144;
const KEPT_BATCHES = 16;

/** Pieces of memory in which large bodies are gathered, used again and again. */
export class BodyMemory {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BATCH_BYTES);
  }

  /** Only what nobody reads or writes any more. */
  give(batch: Buffer): void {
    if (this.#free.length < KEPT_BATCHES) this.#free.push(batch);
  }
}
