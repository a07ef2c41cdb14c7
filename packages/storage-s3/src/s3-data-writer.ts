import { cutInto, DataInParts, startingWith, type CallOptions, type Chunks, type PartTurns } from '@atoll/storage';
import type { S3Uploads } from './s3-uploads.js';

/** After so many parts they are twice as big: small ones cost less memory, and 10,000 in all hold 382 GiB. */
const DOUBLED_AFTER = [1_000, 3_000, 6_000];

export interface PieceSizes {
  readonly firstPartBytes: number;
  /** All parts have the size of the first, so that 10,000 of 8 MiB end at 78 GiB. */
  readonly equal: boolean;
}

/** A data object in one stream goes in one request where it is no larger than a part, otherwise in parts. */
export class S3DataWriter extends DataInParts {
  constructor(
    private readonly uploads: S3Uploads,
    turns: PartTurns,
    private readonly sizes: PieceSizes,
  ) {
    super(uploads, turns);
  }

  async write(key: string, chunks: Chunks, o: CallOptions): Promise<{ sizeBytes: number }> {
    const pieces = cutInto(chunks, (offsetBytes) => pieceBytesAt(offsetBytes, this.sizes), o.signal);
    try {
      const first = await pieces.next();
      if (first.done) return await this.#writeWhole(key, Buffer.alloc(0), o);
      const second = first.value.length < this.sizes.firstPartBytes ? undefined : await pieces.next();
      if (second === undefined || second.done) return await this.#writeWhole(key, first.value, o);
      return await this.writeParts(key, startingWith([first.value, second.value], pieces), o);
    } finally {
      await pieces.return();
    }
  }

  async #writeWhole(key: string, body: Buffer, o: CallOptions): Promise<{ sizeBytes: number }> {
    await this.turns.run(body.length, () => this.uploads.putWhole(key, body, o));
    return { sizeBytes: body.length };
  }
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
