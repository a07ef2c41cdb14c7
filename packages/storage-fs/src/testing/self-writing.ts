import { writeSync } from 'node:fs';
import type { ChunkFile, Chunks } from '@atoll/storage';

const PIECE_BYTES = 1_048_576;

/** Chunks that write themselves, and tell which files they were written to; with a `fault` half of them. */
export function selfWriting(bytes: Buffer, fault?: Error) {
  const used: ChunkFile[] = [];
  const endBytes = fault ? bytes.length / 2 : bytes.length;
  const chunks: Chunks = {
    async *[Symbol.asyncIterator]() {
      yield bytes;
    },
    writeTo: async (file) => {
      used.push(file);
      for (let at = 0; at < endBytes; at += PIECE_BYTES) {
        const end = Math.min(endBytes, at + PIECE_BYTES);
        writeSync(file.descriptor, bytes, at, end - at, file.positionBytes + at);
        await file.written(end);
      }
      if (fault) throw fault;
      return bytes.length;
    },
  };
  return { chunks, used };
}
