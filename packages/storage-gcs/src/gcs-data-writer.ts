import { cutInto, DataInParts, startingWith, type CallOptions, type Chunks, type PartTurns } from '@atoll/storage';
import type { GcsUploads } from './gcs-uploads.js';

const MIB = 1_048_576;
const GIB = 1024 * MIB;

/** A data object in one stream goes in one request where it is smaller than a piece, otherwise in parts. */
export class GcsDataWriter extends DataInParts {
  constructor(
    private readonly uploads: GcsUploads,
    turns: PartTurns,
    private readonly firstPieceBytes = 8 * MIB,
  ) {
    super(uploads, turns);
  }

  async write(key: string, chunks: Chunks, o: CallOptions): Promise<{ sizeBytes: number }> {
    const pieces = cutInto(chunks, (offsetBytes) => pieceBytesAt(offsetBytes, this.firstPieceBytes), o.signal);
    try {
      const first = await pieces.next();
      const head = first.done ? Buffer.alloc(0) : first.value;
      if (head.length < this.firstPieceBytes)
        return await this.turns.run(head.length, () => this.uploads.putWhole(key, head, o));
      return await this.writeParts(key, startingWith([head], pieces), o);
    } finally {
      await pieces.return();
    }
  }
}

/** What pieces measure from a place on: small ones cost less memory, and 10,000 must hold the largest blob. */
export function pieceBytesAt(offsetBytes: number, firstPieceBytes: number): number {
  if (offsetBytes < 8 * GIB) return firstPieceBytes;
  if (offsetBytes < 40 * GIB) return 16 * MIB;
  return offsetBytes < 200 * GIB ? 64 * MIB : 256 * MIB;
}
