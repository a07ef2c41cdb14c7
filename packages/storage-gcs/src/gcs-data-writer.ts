import {
  cutInto,
  giveBack,
  StorageError,
  untilAborted,
  type CallOptions,
  type Chunks,
  type Json,
  type PartReceipt,
  type PartTurns,
} from '@atoll/storage';
import type { GcsUploads } from './gcs-uploads.js';

const MIB = 1_048_576;
const GIB = 1024 * MIB;
/** Of one stream, so that it does not take the turns of all. */
const SENT_AT_ONCE = 4;

export interface PartPlace {
  readonly number: number;
  readonly offsetBytes: number;
  readonly sizeBytes?: number;
}

/** Streams of bytes: cut into pieces that are sent in one request each, so many at a time. */
export class GcsDataWriter {
  constructor(
    private readonly uploads: GcsUploads,
    /** What bounds the memory of all streams together: a stream that has gathered a piece waits for its turn before it gathers another. */
    private readonly turns: PartTurns,
    private readonly firstPieceBytes = 8 * MIB,
  ) {}

  /** A data object: in one request where it is smaller than a piece, otherwise in parts. */
  async write(key: string, chunks: Chunks, o: CallOptions): Promise<{ sizeBytes: number }> {
    const pieces = cutInto(chunks, (offsetBytes) => pieceBytesAt(offsetBytes, this.firstPieceBytes), o.signal);
    try {
      const first = await pieces.next();
      const head = first.done ? Buffer.alloc(0) : first.value;
      if (head.length < this.firstPieceBytes) return await this.turns.run(() => this.uploads.putWhole(key, head, o));
      return await this.#writeParts(key, startingWith(head, pieces), o);
    } finally {
      await pieces.return();
    }
  }

  /** One part of a data object. Where its size is known and the first chunk holds it all, that chunk itself is sent. */
  async writePart(
    key: string,
    upload: Json,
    { number, sizeBytes }: PartPlace,
    chunks: Chunks,
    o: CallOptions,
  ): Promise<PartReceipt> {
    const source = untilAborted(chunks, o.signal);
    try {
      const first = await source.next();
      const body = !first.done && first.value.length === sizeBytes ? first.value : await gather(first, source);
      if (sizeBytes !== undefined && body.length !== sizeBytes) throw wrongSize(key, sizeBytes);
      const receipt = await this.turns.run(() => this.uploads.writePart(key, upload, number, body, o));
      if (!(await source.next()).done) throw wrongSize(key, sizeBytes);
      return receipt;
    } finally {
      await source.return();
    }
  }

  async #writeParts(key: string, pieces: AsyncIterable<Buffer>, o: CallOptions): Promise<{ sizeBytes: number }> {
    const upload = await this.uploads.begin(key, o);
    const sent: Promise<PartReceipt>[] = [];
    try {
      for await (const piece of pieces) await this.#send(key, upload, piece, sent, o);
      return await this.uploads.complete(key, upload, await Promise.all(sent), o);
    } catch (cause) {
      await Promise.allSettled(sent);
      // Not with the caller's signal, which may be what ended this. What cannot be freed now the bucket's rule removes.
      await this.uploads.abort(key, upload, {}).catch(() => undefined);
      throw cause;
    }
  }

  async #send(key: string, upload: Json, piece: Buffer, sent: Promise<PartReceipt>[], o: CallOptions): Promise<void> {
    const number = sent.length + 1;
    const { done } = await this.turns.begin(async () => {
      const receipt = await this.uploads.writePart(key, upload, number, piece, o);
      giveBack(piece);
      return receipt;
    });
    sent.push(done);
    if (sent.length >= SENT_AT_ONCE) await sent[sent.length - SENT_AT_ONCE];
  }
}

/** What pieces measure from a place on: small ones cost less memory, and 10,000 must hold the largest blob. */
export function pieceBytesAt(offsetBytes: number, firstPieceBytes: number): number {
  if (offsetBytes < 8 * GIB) return firstPieceBytes;
  if (offsetBytes < 40 * GIB) return 16 * MIB;
  return offsetBytes < 200 * GIB ? 64 * MIB : 256 * MIB;
}

async function gather(first: IteratorResult<Uint8Array, void>, rest: AsyncIterable<Uint8Array>): Promise<Buffer> {
  if (first.done) return Buffer.alloc(0);
  const pieces = [Buffer.from(first.value)];
  for await (const chunk of rest) pieces.push(Buffer.from(chunk));
  return Buffer.concat(pieces);
}

function wrongSize(key: string, sizeBytes: number | undefined): StorageError {
  return new StorageError('corrupt', `a part of ${key} does not have the ${sizeBytes} bytes it was said to have`, {
    key,
  });
}

async function* startingWith(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}
