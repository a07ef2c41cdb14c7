/** After so many parts they are twice as big: small ones cost less memory, and 10,000 in all hold 382 GiB. */
const DOUBLED_AFTER = [1_000, 3_000, 6_000];

export interface PieceSizes {
  readonly firstPartBytes: number;
  /** All parts have the size of the first, so that 10,000 of 8 MiB end at 78 GiB. */
  readonly equal: boolean;
}

/** What the piece measures that begins at this place. */
export function pieceBytesAt(offsetBytes: number, { firstPartBytes, equal }: PieceSizes): number {
  let pieceBytes = firstPartBytes;
  if (equal) return pieceBytes;
  let [endBytes, count] = [0, 0];
  for (const after of DOUBLED_AFTER) {
    endBytes += (after - count) * pieceBytes;
    if (offsetBytes < endBytes) break;
    count = after;
    pieceBytes *= 2;
  }
  return pieceBytes;
}
