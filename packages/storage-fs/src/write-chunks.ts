import type { FileHandle } from 'node:fs/promises';
import { untilAborted, type CallOptions, type Chunks } from '@atoll/storage';
import type { BufferPool } from './buffer-pool.js';
import { held } from './held.js';

const FLUSH_BYTES = 8_388_608;

/**
 * Writes chunks at a position: a buffer at a time, while the next one is filled, and with a flush in the background every 8 MiB,
 * so that the last flush is short. Answers the number of bytes; the caller flushes what is left.
 */
export async function writeChunks(
  handle: FileHandle,
  chunks: Chunks,
  positionBytes: number,
  buffers: BufferPool,
  { signal }: CallOptions = {},
): Promise<number> {
  const writer = new BufferedWriter(handle, positionBytes, buffers);
  try {
    for await (const chunk of untilAborted(chunks, signal)) await writer.add(chunk);
    return await writer.end();
  } finally {
    await writer.settle();
  }
}

/** From here on a write of its own costs less than a copy. */
const DIRECT_BYTES = 131_072;

/**
 * Few large writes cost less than many small ones, so small chunks are copied together. A source may use the memory of a chunk again
 * once it is added.
 */
class BufferedWriter {
  readonly #startBytes: number;
  #positionBytes: number;
  #filling: Buffer;
  #filledBytes = 0;
  #spare: Buffer | undefined;
  #unflushedBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #flushing: Promise<void> = Promise.resolve();

  constructor(
    private readonly handle: FileHandle,
    positionBytes: number,
    private readonly buffers: BufferPool,
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
    await this.#flushing;
    return this.#positionBytes - this.#startBytes;
  }

  /** Waits until nothing uses the file and the buffers, whatever became of it. */
  async settle(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#flushing]);
    this.buffers.give(this.#spare ? [this.#filling, this.#spare] : [this.#filling]);
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
    await this.#flush();
    this.#writing = held(writeAll(this.handle, bytes, this.#positionBytes));
    this.#positionBytes += bytes.length;
    this.#unflushedBytes += bytes.length;
  }

  /** Begins a flush when enough is written, once the one before has ended: the system tells of a failed one only once. */
  async #flush(): Promise<void> {
    if (this.#unflushedBytes < FLUSH_BYTES) return;
    await this.#flushing;
    this.#flushing = held(this.handle.datasync());
    this.#unflushedBytes = 0;
  }
}

/** The system may write less than it was given. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, positionBytes: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, positionBytes + written);
    written += bytesWritten;
  }
}
