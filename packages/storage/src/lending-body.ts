import type { Readable } from 'node:stream';

/**
 * A body whose bytes can be had without a new buffer for each piece: memory that was never touched costs more than the copy into it,
 * and a registry reads much and keeps nothing.
 */
export interface LendingBody extends Readable {
  /**
   * Hands over all bytes in order; a buffer is used again as soon as `take` is done with it, and the next one is filled meanwhile.
   * Takes the place of reading the stream, which is destroyed at the end. @throws what `take` throws, or why the stream was destroyed
   */
  lend(take: (bytes: Uint8Array) => Promise<void>): Promise<void>;
}

export function canLend(body: Readable): body is LendingBody {
  return 'lend' in body && typeof body.lend === 'function';
}
