import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { LendingBody } from '@atoll/storage';
import type { BufferPool } from './buffer-pool.js';
import { held } from './held.js';

/** Bytes `[start, end)` of a file, which it closes at its end and when it is destroyed. */
export class FileBody extends Readable implements LendingBody {
  readonly #end: number;
  #position: number;

  constructor(
    private readonly handle: FileHandle,
    range: { readonly start: number; readonly end: number },
    private readonly buffers: BufferPool,
  ) {
    super({ highWaterMark: buffers.bufferBytes });
    this.#position = range.start;
    this.#end = range.end;
  }

  override _read(): void {
    const buffer = Buffer.allocUnsafeSlow(Math.min(this.buffers.bufferBytes, this.#end - this.#position));
    this.#fill(buffer).then(
      (bytes) => this.push(bytes.length > 0 ? bytes : null),
      (cause: unknown) => this.destroy(cause instanceof Error ? cause : new Error(String(cause))),
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.handle.close().then(
      () => callback(error),
      (cause: unknown) => callback(error ?? (cause as Error)),
    );
  }

  async lend(take: (bytes: Uint8Array) => Promise<void>): Promise<void> {
    // What goes wrong is told by the promise; an error event that nobody hears would end the process.
    this.on('error', () => undefined);
    const lent = [this.buffers.take()];
    let filling = this.#next(lent, 0);
    let taking: Promise<void> = Promise.resolve();
    try {
      for (let turn = 0; ; turn ^= 1) {
        const bytes = await filling;
        await taking;
        if (bytes.length === 0) break;
        filling = held(this.#next(lent, turn ^ 1));
        taking = held(take(bytes));
      }
      this.buffers.give(lent);
    } catch (cause) {
      // The buffers are left to the collector: a write that failed may not have let go of them.
      throw this.errored ?? cause;
    } finally {
      await filling.catch(() => undefined);
      this.destroy();
    }
  }

  /** The second buffer is taken only when there is something to read into it. */
  async #next(lent: Buffer[], turn: number): Promise<Buffer> {
    if (this.#position >= this.#end) return Buffer.alloc(0);
    return this.#fill((lent[turn] ??= this.buffers.take()));
  }

  async #fill(buffer: Buffer): Promise<Buffer> {
    const wantedBytes = Math.min(buffer.length, this.#end - this.#position);
    if (wantedBytes <= 0) return buffer.subarray(0, 0);
    const { bytesRead } = await this.handle.read(buffer, 0, wantedBytes, this.#position);
    this.#position += bytesRead;
    return buffer.subarray(0, bytesRead);
  }
}
