import { cutInto, type CallOptions, type Chunks, type Json, type PartReceipt, type PartTurns } from '@atoll/storage';
import type { S3Uploads } from './s3-uploads.js';

/** Of one stream, so that it does not take the turns of all. */
const SENT_AT_ONCE = 4;

/** After so many parts they are twice as big: small ones cost less memory, and 10,000 in all hold 382 GiB. */
const DOUBLED_AFTER = [1_000, 3_000, 6_000];

export interface PieceSizes {
  readonly firstPartBytes: number;
  /** All parts have the size of the first, so that 10,000 of 8 MiB end at 78 GiB. */
  readonly equal: boolean;
}

/** A data object in one stream: in one request where it fits, otherwise in parts. */
export class S3DataWriter {
  constructor(
    private readonly uploads: S3Uploads,
    /** What bounds the memory of all streams together: a stream that has gathered a piece waits for its turn before it gathers another. */
    private readonly turns: PartTurns,
    private readonly sizes: PieceSizes,
  ) {}

  async write(key: string, chunks: Chunks, o: CallOptions): Promise<{ sizeBytes: number }> {
    const pieces = cutInto(chunks, (offsetBytes) => pieceBytesAt(offsetBytes, this.sizes), o.signal);
    try {
      const first = await pieces.next();
      if (first.done) return await this.#writeWhole(key, Buffer.alloc(0), o);
      const second = first.value.length < this.sizes.firstPartBytes ? undefined : await pieces.next();
      if (second === undefined || second.done) return await this.#writeWhole(key, first.value, o);
      return await this.#writeParts(key, startingWith([first.value, second.value], pieces), o);
    } finally {
      await pieces.return();
    }
  }

  async #writeWhole(key: string, body: Buffer, o: CallOptions): Promise<{ sizeBytes: number }> {
    await this.turns.run(() => this.uploads.putWhole(key, body, o));
    return { sizeBytes: body.length };
  }

  async #writeParts(key: string, pieces: AsyncIterable<Buffer>, o: CallOptions): Promise<{ sizeBytes: number }> {
    const upload = await this.uploads.begin(key, o);
    const sent: Promise<PartReceipt>[] = [];
    try {
      for await (const piece of pieces) await this.#send(key, upload, piece, sent, o);
      return await this.uploads.complete(key, upload, await Promise.all(sent), { ...o, alone: true });
    } catch (cause) {
      await Promise.allSettled(sent);
      // Not with the caller's signal, which may be what ended this. What cannot be freed now the bucket's rule removes.
      await this.uploads.abort(key, upload, {}).catch(() => undefined);
      throw cause;
    }
  }

  async #send(key: string, upload: Json, piece: Buffer, sent: Promise<PartReceipt>[], o: CallOptions): Promise<void> {
    const number = sent.length + 1;
    const given = { ...o, given: true };
    const { done } = await this.turns.begin(() => this.uploads.writePart(key, upload, number, piece, given));
    sent.push(done);
    if (sent.length >= SENT_AT_ONCE) await sent[sent.length - SENT_AT_ONCE];
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

async function* startingWith(first: readonly Buffer[], rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* first;
  yield* rest;
}
