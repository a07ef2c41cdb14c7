import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { LendingBody } from '@atoll/storage';
import type { Claim } from './chunk-reader.js';
import type { Piece } from './chunk.js';
import { held } from './held.js';
import type { OpenFile, SharedChunks } from './shared-chunks.js';

/** Of what is read without lending: each piece has memory of its own. */
const PIECE_BYTES = 1_048_576;
const DESTROYED = 'the body was destroyed';

/** Bytes `[start, end)` of a file, which it closes at its end and when it is destroyed. */
export class FileBody extends Readable implements LendingBody {
  readonly #end: number;
  #position: number;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly handle: FileHandle,
    private readonly file: OpenFile,
    range: Piece,
    private readonly chunks: SharedChunks,
  ) {
    super({ highWaterMark: PIECE_BYTES });
    this.#position = range.start;
    this.#end = range.end;
  }

  override _read(): void {
    const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, this.#end - this.#position));
    this.#readAll(buffer, this.#position).then(
      (filled) => {
        this.#position += filled;
        this.push(filled > 0 ? buffer.subarray(0, filled) : null);
      },
      (cause: unknown) => this.destroy(cause instanceof Error ? cause : new Error(String(cause))),
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // What this body reads others may wait for.
    const close = (): Promise<void> => this.handle.close();
    this.#reading.then(close, close).then(
      () => callback(error),
      (cause: unknown) => callback(error ?? (cause as Error)),
    );
  }

  async lend(take: (bytes: Uint8Array) => Promise<void>): Promise<void> {
    // What goes wrong is told by the promise; an error event that nobody hears would end the process.
    this.on('error', () => undefined);
    if (this.destroyed) throw this.errored ?? new Error(DESTROYED);
    const span = { start: this.#position, end: this.#end };
    const read = (buffer: Buffer, position: number) => (this.#reading = this.#readAll(buffer, position));
    const reader = this.chunks.join(this.file, span, read);
    let taken: Claim | undefined;
    let next = reader.claim();
    let taking: Promise<void> = Promise.resolve();
    try {
      while (next !== undefined) {
        const bytes = await next.bytes;
        await taking;
        taken?.end();
        taken = undefined;
        if (this.destroyed) throw new Error(DESTROYED);
        if (bytes.length === 0) break;
        taken = next;
        next = bytes.length < taken.sizeBytes ? undefined : reader.claim();
        taking = held(take(bytes));
      }
      await taking;
      taken?.end();
    } catch (cause) {
      // A write that failed may not have let go of its memory.
      taken?.abandon();
      throw this.errored ?? cause;
    } finally {
      next?.end();
      reader.leave();
      this.destroy();
    }
  }

  async #readAll(buffer: Buffer, position: number): Promise<number> {
    for (let filled = 0; ;) {
      const { bytesRead } = await this.handle.read(buffer, filled, buffer.length - filled, position + filled);
      filled += bytesRead;
      if (bytesRead === 0 || filled === buffer.length) return filled;
    }
  }
}
