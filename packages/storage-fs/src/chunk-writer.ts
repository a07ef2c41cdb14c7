import type { FileHandle } from 'node:fs/promises';
import { untilAborted, type BufferPool, type CallOptions, type Chunks } from '@atoll/storage';
import { BackgroundFlush } from './background-flush.js';
import { BufferedWriter } from './buffered-writer.js';

export interface ChunkWriterParts {
  readonly buffers: BufferPool;
  /** Whether files are those of the system, so that chunks which can may write themselves. */
  readonly bySystem: boolean;
}

/** Writes chunks to files, flushing in the background. */
export class ChunkWriter {
  constructor(private readonly parts: ChunkWriterParts) {}

  /** Writes at a position and answers the number of bytes; the caller flushes what is left. */
  async write(
    handle: FileHandle,
    chunks: Chunks,
    positionBytes: number,
    { signal }: CallOptions = {},
  ): Promise<number> {
    const flush = new BackgroundFlush(handle);
    const written = (sizeBytes: number) => flush.written(sizeBytes);
    try {
      const sizeBytes =
        chunks.writeTo && this.parts.bySystem
          ? await chunks.writeTo({ descriptor: handle.fd, positionBytes, written }, { signal })
          : await this.#copy(new BufferedWriter(handle, positionBytes, this.parts.buffers, written), chunks, signal);
      await flush.end();
      return sizeBytes;
    } finally {
      await flush.settle();
    }
  }

  async #copy(writer: BufferedWriter, chunks: Chunks, signal: AbortSignal | undefined): Promise<number> {
    try {
      for await (const chunk of untilAborted(chunks, signal)) await writer.add(chunk);
      return await writer.end();
    } finally {
      await writer.settle();
    }
  }
}
