import type { FileHandle } from 'node:fs/promises';
import { held } from './held.js';

const FLUSH_BYTES = 8_388_608;

/** Flushes a file every 8 MiB while it is written, so that the last flush is short. */
export class BackgroundFlush {
  #flushedBytes = 0;
  #flushing: Promise<void> = Promise.resolve();

  constructor(private readonly handle: Pick<FileHandle, 'datasync'>) {}

  /** Begins a flush when enough is written, once the one before has ended: the system tells of a failed one only once. */
  async written(sizeBytes: number): Promise<void> {
    if (sizeBytes - this.#flushedBytes < FLUSH_BYTES) return;
    await this.#flushing;
    this.#flushing = held(this.handle.datasync());
    this.#flushedBytes = sizeBytes;
  }

  /** @throws what the system says of the last flush that was begun */
  async end(): Promise<void> {
    await this.#flushing;
  }

  /** Waits for it, whatever becomes of it. */
  async settle(): Promise<void> {
    await Promise.allSettled([this.#flushing]);
  }
}
