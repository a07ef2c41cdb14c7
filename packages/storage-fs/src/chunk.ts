import { held } from './held.js';

/** Fills the buffer from that position on, as far as the file goes, and answers the number of bytes. */
export type ReadAt = (buffer: Buffer, positionBytes: number) => Promise<number>;

/** What of a file is read into one buffer. */
export interface Piece {
  readonly start: number;
  readonly end: number;
}

/** A piece of a file in memory, which is read into once and then only read from. */
export class Chunk {
  /** Fewer than the piece has where the file ends early. @throws what reading threw */
  readonly bytes: Promise<Buffer>;
  /** Whoever reads from the memory, and at first what reads into it. */
  users = 1;
  /** Nothing can be at the memory when there are no users. */
  reusable = true;

  constructor(
    readonly piece: Piece,
    readonly memory: Buffer<ArrayBuffer>,
    read: ReadAt,
  ) {
    this.bytes = held(this.#fill(read));
  }

  async #fill(read: ReadAt): Promise<Buffer> {
    const { start, end } = this.piece;
    return this.memory.subarray(0, await read(this.memory.subarray(0, end - start), start));
  }
}
