import { BufferPool } from '@atoll/storage';
import type { ChunkMemory } from './shared-chunks.js';

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

/**
 * What a store reads files in. Large chunks are sent with the fewest calls; from a number of files on, smaller ones keep the memory for
 * hundreds of them small.
 */
export function chunkMemory(): ChunkMemory {
  return {
    large: new BufferPool(2 * MEBIBYTE, 8),
    largeFiles: 16,
    small: new BufferPool(256 * KIBIBYTE, 32),
    keptBytes: 8 * MEBIBYTE,
  };
}
