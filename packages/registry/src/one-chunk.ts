import type { Chunks } from '@atoll/storage';

/** Can be read more than once: a driver that tries again sends the same bytes. `onTaken` is told when they are asked for. */
export function oneChunk(bytes: Uint8Array, onTaken?: () => void): Chunks {
  return {
    async *[Symbol.asyncIterator]() {
      onTaken?.();
      if (bytes.length > 0) yield bytes;
    },
  };
}
