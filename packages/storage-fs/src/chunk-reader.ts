import type { Chunk, Piece, ReadAt } from './chunk.js';
import { held } from './held.js';

/** Bytes that a reader may use until it says that it does not any more. */
export interface Claim {
  /** Fewer than `sizeBytes` where the file ends early. @throws what reading threw, also when another reader read */
  readonly bytes: Promise<Buffer>;
  readonly sizeBytes: number;
  /** Nothing of this reader is at the bytes any more. To be called once, before or after they came. */
  end(): void;
  /** In place of `end`, when something may still be at the bytes: their memory is never used again. */
  abandon(): void;
}

export interface ChunkSource {
  readonly chunkBytes: number;
  /** How many chunks behind the others a reader may be and still find what they read. */
  readonly windowChunks: number;
  use(reader: ChunkReader, piece: Piece): Chunk;
  release(chunk: Chunk): void;
  leave(reader: ChunkReader): void;
}

/** Where one reader of a file is: it claims a span of it, piece by piece, from the start to the end. */
export class ChunkReader {
  #position: number;

  constructor(
    private readonly source: ChunkSource,
    private readonly span: Piece,
    readonly read: ReadAt,
  ) {
    this.#position = span.start;
  }

  /** Whether it comes to that chunk while others may still have it. */
  wants(index: number): boolean {
    const { chunkBytes, windowChunks } = this.source;
    const next = Math.floor(this.#position / chunkBytes);
    return (
      this.#position < this.span.end &&
      index >= next &&
      index < next + windowChunks &&
      index * chunkBytes < this.span.end
    );
  }

  /** The bytes behind those that were claimed last, up to the end of their chunk; `undefined` after the last ones. */
  claim(): Claim | undefined {
    const { chunkBytes } = this.source;
    const start = this.#position;
    if (start >= this.span.end) return undefined;
    const end = Math.min(this.span.end, (Math.floor(start / chunkBytes) + 1) * chunkBytes);
    this.#position = end;
    return this.#claimOf(this.source.use(this, { start, end }), { start, end });
  }

  /** It claims nothing more. What it has claimed stays claimed. */
  leave(): void {
    this.#position = this.span.end;
    this.source.leave(this);
  }

  #claimOf(chunk: Chunk, { start, end }: Piece): Claim {
    const { source } = this;
    const first = chunk.piece.start;
    return {
      sizeBytes: end - start,
      bytes: held(chunk.bytes.then((bytes) => bytes.subarray(start - first, end - first))),
      end: () => source.release(chunk),
      abandon: () => {
        chunk.reusable = false;
        source.release(chunk);
      },
    };
  }
}
