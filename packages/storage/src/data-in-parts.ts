import type { DataObjects } from './bucket-store.js';
import { giveBack } from './give-back.js';
import type { CallOptions, Chunks, Json, PartPlace, PartReceipt } from './object-store.js';
import type { PartTurns } from './part-turns.js';
import { sendPieces } from './send-pieces.js';
import { sendWhole } from './send-whole.js';
import { writeInPieces } from './write-in-pieces.js';

/** The requests of a service that knows uploads of data objects in parts. */
export interface PartRequests {
  /** A data object in one request. */
  readonly putWhole: (key: string, body: Uint8Array, o: CallOptions) => Promise<unknown>;
  readonly begin: DataObjects['begin'];
  /** Once it has answered, nothing reads the bytes any more, however many attempts it took. */
  readonly writePart: (
    key: string,
    upload: Json,
    number: number,
    body: Uint8Array,
    o: CallOptions,
  ) => Promise<PartReceipt>;
  /** `alone`: nobody else knows this upload, so an object of its size under its key is what it made. */
  readonly complete: (
    key: string,
    upload: Json,
    parts: readonly PartReceipt[],
    o: CallOptions & { readonly alone?: boolean },
  ) => Promise<{ sizeBytes: number }>;
  readonly abort: DataObjects['abort'];
}

/** Data objects whose parts are sent in one request each, so many at a time. */
export class DataInParts implements DataObjects {
  constructor(
    private readonly requests: PartRequests,
    /** What bounds the memory of all streams together: a stream that has gathered a piece waits for its turn before it gathers another. */
    private readonly turns: PartTurns,
    /** What a piece of a stream measures that begins at this place. */
    private readonly pieceBytesAt: (offsetBytes: number) => number,
  ) {}

  /** In one request where it is smaller than a piece, otherwise in parts. */
  write(key: string, chunks: Chunks, o: CallOptions): Promise<{ sizeBytes: number }> {
    return writeInPieces(
      chunks,
      { pieceBytesAt: this.pieceBytesAt, signal: o.signal },
      {
        whole: (body) => this.turns.run(body.length, () => this.requests.putWhole(key, body, o)),
        pieces: (pieces) => this.#writeParts(key, pieces, o),
      },
    );
  }

  begin(key: string, o: CallOptions): Promise<Json> {
    return this.requests.begin(key, o);
  }

  /** Asks for the chunks only when its turn has come, so that whoever holds them may read no further until then. */
  writePart(key: string, upload: Json, place: PartPlace, chunks: Chunks, o: CallOptions): Promise<PartReceipt> {
    const { number, sizeBytes } = place;
    return this.turns.run(sizeBytes, () =>
      sendWhole(key, chunks, { sizeBytes, signal: o.signal }, (body) =>
        this.requests.writePart(key, upload, number, body, o),
      ),
    );
  }

  complete(key: string, upload: Json, parts: readonly PartReceipt[], o: CallOptions): Promise<{ sizeBytes: number }> {
    return this.requests.complete(key, upload, parts, o);
  }

  abort(key: string, upload: Json, o: CallOptions): Promise<void> {
    return this.requests.abort(key, upload, o);
  }

  /** All of a data object; where that fails, nothing of it is left. */
  async #writeParts(key: string, pieces: AsyncIterable<Buffer>, o: CallOptions): Promise<{ sizeBytes: number }> {
    const upload = await this.requests.begin(key, o);
    try {
      const parts = await sendPieces(this.turns, pieces, async (piece, index) => {
        const receipt = await this.requests.writePart(key, upload, index + 1, piece, o);
        giveBack(piece);
        return receipt;
      });
      return await this.requests.complete(key, upload, parts, { ...o, alone: true });
    } catch (cause) {
      // Not with the caller's signal, which may be what ended this. What cannot be freed now the bucket's rule removes.
      await this.requests.abort(key, upload, {}).catch(() => undefined);
      throw cause;
    }
  }
}
