import type { FileHandle } from 'node:fs/promises';
import type { BufferPool } from '@atoll/storage';
import { held } from './held.js';
import { writeAll } from './write-all.js';

/** From here on a write of its own costs less than a copy. */
const DIRECT_BYTES = 131_072;

/**
 * Few large writes cost less than many small ones, so small chunks are copied together. A source may use the memory of a chunk again
 * once it is added.
 */
export class BufferedWriter {
  readonly #startBytes: number;
  #positionBytes: number;
  #filling: Buffer<ArrayBuffer>;
  #filledBytes = 0;
  #spare: Buffer<ArrayBuffer> | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly handle: FileHandle,
    positionBytes: number,
    private readonly buffers: BufferPool,
    private readonly written: (sizeBytes: number) => Promise<void>,
  ) {
    this.#startBytes = positionBytes;
    this.#positionBytes = positionBytes;
    this.#filling = buffers.take();
  }

  async add(chunk: Uint8Array): Promise<void> {
    if (chunk.length >= DIRECT_BYTES) return this.#writeDirectly(chunk);
    for (let at = 0; at < chunk.length;) {
      const piece = chunk.subarray(at, at + this.#filling.length - this.#filledBytes);
      this.#filling.set(piece, this.#filledBytes);
      this.#filledBytes += piece.length;
      at += piece.length;
      if (this.#filledBytes === this.#filling.length) await this.#writeBuffer();
    }
  }

  async end(): Promise<number> {
    if (this.#filledBytes > 0) await this.#writeBuffer();
    await this.#writing;
    return this.#positionBytes - this.#startBytes;
  }

  /** Waits until nothing uses the file and the buffers, whatever became of it. */
  async settle(): Promise<void> {
    await Promise.allSettled([this.#writing]);
    this.buffers.give(this.#filling, ...(this.#spare ? [this.#spare] : []));
  }

  async #writeDirectly(chunk: Uint8Array): Promise<void> {
    if (this.#filledBytes > 0) await this.#writeBuffer();
    await this.#begin(chunk);
    await this.#writing;
  }

  async #writeBuffer(): Promise<void> {
    const full = this.#filling;
    await this.#begin(full.subarray(0, this.#filledBytes));
    this.#filling = this.#spare ?? this.buffers.take();
    this.#spare = full;
    this.#filledBytes = 0;
  }

  async #begin(bytes: Uint8Array): Promise<void> {
    await this.#writing;
    await this.written(this.#positionBytes - this.#startBytes);
    this.#writing = held(writeAll(this.handle, bytes, this.#positionBytes));
    this.#positionBytes += bytes.length;
  }
}
