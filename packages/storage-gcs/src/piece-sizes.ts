const MIB = 1_048_576;
const GIB = 1024 * MIB;

export const FIRST_PIECE_BYTES = 8 * MIB;

/** What pieces measure from a place on: small ones cost less memory, and 10,000 must hold the largest blob. */
export function pieceBytesAt(offsetBytes: number, firstPieceBytes: number): number {
  if (offsetBytes < 8 * GIB) return firstPieceBytes;
  if (offsetBytes < 40 * GIB) return 16 * MIB;
  return offsetBytes < 200 * GIB ? 64 * MIB : 256 * MIB;
}
