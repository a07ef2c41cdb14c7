import { cutInto } from './cut-into.js';
import type { CallOptions, Chunks } from './object-store.js';
import { startingWith } from './starting-with.js';

/** What becomes of a data object's bytes. Either owns the memory that it is given. */
export interface PieceSinks {
  /** For bytes that are fewer than a piece, or none. */
  readonly whole: (body: Buffer) => Promise<unknown>;
  /** For all others. */
  readonly pieces: (pieces: AsyncIterable<Buffer>) => Promise<{ sizeBytes: number }>;
}

/**
 * Sends a stream in one request where it is smaller than a piece, otherwise in pieces. It has gathered only one when that is decided.
 * @param cut what a piece measures that begins at a place
 */
export async function writeInPieces(
  chunks: Chunks,
  cut: CallOptions & { readonly pieceBytesAt: (offsetBytes: number) => number },
  sinks: PieceSinks,
): Promise<{ sizeBytes: number }> {
  const pieces = cutInto(chunks, cut.pieceBytesAt, cut.signal);
  try {
    const first = await pieces.next();
    const head = first.done ? Buffer.alloc(0) : first.value;
    if (head.length >= cut.pieceBytesAt(0)) return await sinks.pieces(startingWith([head], pieces));
    await sinks.whole(head);
    return { sizeBytes: head.length };
  } finally {
    await pieces.return();
  }
}
