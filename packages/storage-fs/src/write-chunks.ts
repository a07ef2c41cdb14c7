import type { FileHandle } from 'node:fs/promises';
import { untilAborted, type CallOptions, type Chunks } from '@atoll/storage';

const BATCH_BYTES = 1_048_576;
const BATCH_CHUNKS = 256;
const FLUSH_BYTES = 33_554_432;

/**
 * Writes chunks at a position: about a megabyte at a time, while the next one is gathered, and with a flush in the background
 * every 32 MiB, so that the last flush is short. Answers the number of bytes; the caller flushes what is left.
 */
export async function writeChunks(
  handle: FileHandle,
  chunks: Chunks,
  positionBytes: number,
  { signal }: CallOptions = {},
): Promise<number> {
  const writer = new BatchWriter(handle, positionBytes);
  try {
    for await (const chunk of untilAborted(chunks, signal)) if (chunk.length > 0) await writer.add(chunk);
    return await writer.end();
  } finally {
    await writer.settle();
  }
}

class BatchWriter {
  readonly #handle: FileHandle;
  readonly #startBytes: number;
  #positionBytes: number;
  #batch: Uint8Array[] = [];
  #batchBytes = 0;
  #unflushedBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #flushing: Promise<void> = Promise.resolve();

  constructor(handle: FileHandle, positionBytes: number) {
    this.#handle = handle;
    this.#startBytes = positionBytes;
    this.#positionBytes = positionBytes;
  }

  async add(chunk: Uint8Array): Promise<void> {
    this.#batch.push(chunk);
    this.#batchBytes += chunk.length;
    if (this.#batchBytes >= BATCH_BYTES || this.#batch.length >= BATCH_CHUNKS) await this.#writeBatch();
  }

  async end(): Promise<number> {
    await this.#writeBatch();
    await this.#writing;
    await this.#flushing;
    return this.#positionBytes - this.#startBytes;
  }

  /** Waits until nothing uses the file, whatever became of it. */
  async settle(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#flushing]);
  }

  async #writeBatch(): Promise<void> {
    await this.#writing;
    await this.#flush();
    this.#writing = held(writeAll(this.#handle, this.#batch, this.#positionBytes));
    this.#positionBytes += this.#batchBytes;
    this.#unflushedBytes += this.#batchBytes;
    this.#batch = [];
    this.#batchBytes = 0;
  }

  /** Begins a flush when enough is written, once the one before has ended: the system tells of a failed one only once. */
  async #flush(): Promise<void> {
    if (this.#unflushedBytes < FLUSH_BYTES) return;
    await this.#flushing;
    this.#flushing = held(this.#handle.datasync());
    this.#unflushedBytes = 0;
  }
}

async function writeAll(handle: FileHandle, buffers: readonly Uint8Array[], positionBytes: number): Promise<void> {
  let rest = buffers;
  let at = positionBytes;
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, at);
    at += bytesWritten;
    rest = after(rest, bytesWritten);
  }
}

/** What is left of the buffers behind their first bytes: the system may write less than it was given. */
function after(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes;
  const rest: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (skip < buffer.length) rest.push(skip > 0 ? buffer.subarray(skip) : buffer);
    skip = Math.max(0, skip - buffer.length);
  }
  return rest;
}

/** A promise that is awaited later; its failure is no unhandled one until then. */
function held(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}
