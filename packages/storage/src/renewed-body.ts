import { Readable } from 'node:stream';
import { giveBack } from './give-back.js';
import type { LendingBody } from './lending-body.js';

export interface RenewedBodyParts {
  readonly source: Readable;
  readonly sizeBytes: number;
  readonly signal: AbortSignal | undefined;
  /** How long the source may keep a reader waiting that wants its next byte. */
  readonly idleMs: number;
  /** The bytes from `offsetBytes` on of the same object, after `cause`. @throws when there is no hope */
  readonly again: (offsetBytes: number, cause: unknown) => Promise<Readable>;
  readonly toError: (cause: unknown) => unknown;
}

/** An object's bytes from the wire. A connection that breaks, stalls, or is cut because the reader paused for long, is taken up where it was. */
export class RenewedBody extends Readable implements LendingBody {
  readonly #parts: RenewedBodyParts;
  #source: Readable;
  #offsetBytes = 0;
  #wanted = false;
  #renewing = false;
  #stall: NodeJS.Timeout | undefined;

  constructor(parts: RenewedBodyParts) {
    super();
    this.#parts = parts;
    this.#source = parts.source;
    this.#watch(parts.source);
    const { signal } = parts;
    if (signal === undefined) return;
    const abort = (): void => void this.destroy(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    this.once('close', () => signal.removeEventListener('abort', abort));
  }

  async lend(take: (bytes: Uint8Array) => Promise<void>): Promise<void> {
    for await (const chunk of this as AsyncIterable<Uint8Array>) {
      await take(chunk);
      giveBack(chunk);
    }
  }

  override _read(): void {
    this.#wanted = true;
    this.#pass();
  }

  override _destroy(cause: Error | null, done: (cause?: Error | null) => void): void {
    clearTimeout(this.#stall);
    this.#source.destroy();
    done(cause);
  }

  get #ended(): boolean {
    return this.#offsetBytes >= this.#parts.sizeBytes;
  }

  #watch(source: Readable): void {
    const broken = (cause?: unknown): void => void this.#renew(source, cause);
    source.on('readable', () => this.#pass());
    source.once('error', broken);
    source.once('end', () => broken());
    source.once('close', () => broken());
    // A source that is told off may fail once more.
    source.on('error', () => undefined);
  }

  #pass(): void {
    while (this.#wanted && !this.#ended) {
      const chunk: unknown = this.#source.read();
      if (!(chunk instanceof Uint8Array)) break;
      const rest = chunk.subarray(0, this.#parts.sizeBytes - this.#offsetBytes);
      this.#offsetBytes += rest.length;
      this.#wanted = this.push(rest);
      clearTimeout(this.#stall);
      this.#stall = undefined;
    }
    // To its end, so that its connection can be used again.
    while (this.#ended && this.#source.read() !== null);
    this.#awaitSource();
  }

  #awaitSource(): void {
    if (!this.#wanted || this.#stall !== undefined || this.#renewing || this.destroyed) return;
    this.#stall = setTimeout(() => {
      this.#stall = undefined;
      void this.#renew(this.#source, new Error(`no byte came for ${this.#parts.idleMs} ms`));
    }, this.#parts.idleMs);
  }

  async #renew(source: Readable, cause: unknown): Promise<void> {
    if (source !== this.#source || this.#renewing || this.destroyed) return;
    if (this.#ended) {
      this.push(null);
      return;
    }
    this.#renewing = true;
    clearTimeout(this.#stall);
    this.#stall = undefined;
    source.destroy();
    try {
      const next = await this.#parts.again(this.#offsetBytes, cause);
      if (this.destroyed) next.destroy();
      this.#source = next;
      this.#renewing = false;
      this.#watch(next);
      this.#pass();
    } catch (last) {
      const error = this.#parts.toError(last);
      this.destroy(error instanceof Error ? error : new Error('reading failed', { cause: error }));
    }
  }
}
