import type { Chunks } from './object-store.js';
import { untilAborted } from './until-aborted.js';

const FIRST_BYTES = 65_536;

/**
 * Cuts chunks into pieces, of which only the last is smaller than `pieceBytesAt` says for the place where it begins. A piece is its
 * taker's own, whatever becomes of the chunks.
 */
export async function* cutInto(
  chunks: Chunks,
  pieceBytesAt: (offsetBytes: number) => number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  let offsetBytes = 0;
  let pieceBytes = pieceBytesAt(0);
  let piece: Buffer = Buffer.allocUnsafeSlow(Math.min(FIRST_BYTES, pieceBytes));
  let filledBytes = 0;
  for await (const chunk of untilAborted(chunks, signal)) {
    let rest = chunk;
    while (rest.length > 0) {
      const taken = rest.subarray(0, pieceBytes - filledBytes);
      piece = withRoom(piece, filledBytes, filledBytes + taken.length, pieceBytes);
      piece.set(taken, filledBytes);
      filledBytes += taken.length;
      rest = rest.subarray(taken.length);
      if (filledBytes < pieceBytes) continue;
      yield piece;
      offsetBytes += pieceBytes;
      pieceBytes = pieceBytesAt(offsetBytes);
      // Who has sent one piece will fill the next; what is never written to takes no memory.
      piece = Buffer.allocUnsafeSlow(pieceBytes);
      filledBytes = 0;
    }
  }
  if (filledBytes > 0) yield piece.subarray(0, filledBytes);
}

/** Small bodies take little memory, large ones are copied a few times less than once. */
function withRoom(piece: Buffer, filledBytes: number, neededBytes: number, mostBytes: number): Buffer {
  if (neededBytes <= piece.length) return piece;
  const larger = Buffer.allocUnsafeSlow(Math.min(mostBytes, Math.max(neededBytes, piece.length * 4)));
  larger.set(piece.subarray(0, filledBytes));
  return larger;
}
