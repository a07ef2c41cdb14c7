import type { Readable } from 'node:stream';
import { giveBack, type BufferPool } from '@atoll/storage';
import { ClientGone, isBreak } from './client-gone.js';
import { ProgressWatch, type BodyLimits } from './progress-watch.js';

/** The first bytes of a body are passed on as they come, so that a small one is neither copied nor waited for. */
const PASSED_ON_BYTES = 262_144;
/** What may have arrived and not been asked for, in pieces. With the one that is lent and the one that is filled, four. */
const READY_AT_MOST = 2;

interface Piece {
  readonly bytes: Uint8Array;
  /** The memory they were gathered in. */
  readonly from?: Buffer<ArrayBuffer>;
}

/**
 * The bytes of a body that is being received. Node makes new memory for every 64 KiB; of a large body they are copied into a few
 * larger pieces, since whatever is done with them costs more for each piece than for each byte. They arrive while the reader is busy
 * with earlier ones.
 */
export class ArrivingBody {
  readonly #watch: ProgressWatch;
  readonly #ready: Piece[] = [];
  #arrivedBytes = 0;
  #filling: Buffer<ArrayBuffer> | undefined;
  #filledBytes = 0;
  #lent: Piece | undefined;
  #end: { readonly failure?: Error } | undefined;
  #wake: (() => void) | undefined;
  #paused = false;

  constructor(
    private readonly req: Readable,
    private readonly memory: BufferPool,
    limits: BodyLimits,
  ) {
    this.#watch = new ProgressWatch(limits, (cause) => this.#close(cause));
    if (req.readableEnded || req.destroyed) this.#close(req.readableEnded ? undefined : clientGone(req.errored));
    else req.on('data', this.#arrive).on('end', this.#close).on('error', this.#break).on('close', this.#break);
  }

  /** Also those that are not asked for yet. */
  get arrivedBytes(): number {
    return this.#arrivedBytes;
  }

  /** Whether the body ended because the client was too slow. */
  get tooSlow(): boolean {
    return this.#watch.expired;
  }

  /**
   * The next bytes; `undefined` at the end. Their memory is used for others as soon as one asks again.
   * @throws RegistryError 408 when the client is too slow; ClientGone when the connection breaks before the body's end
   */
  async next(): Promise<Uint8Array | undefined> {
    this.#takeBack();
    while (this.#ready.length === 0 && this.#end === undefined) await this.#wait();
    const next = this.#ready.shift();
    if (next === undefined && this.#end?.failure) throw this.#end.failure;
    this.#lent = next;
    if (this.#paused && this.#end === undefined) this.#resume();
    return next?.bytes;
  }

  /** Receives no more: what has not been received stays with the connection. Safe to repeat. */
  stop(): void {
    this.#watch.stop();
    this.req.off('data', this.#arrive).off('end', this.#close).off('error', this.#break).off('close', this.#break);
    if (!this.req.readableEnded) this.req.pause();
  }

  /** The exchange is over: who still waits for bytes waits for none. */
  abandon(): void {
    if (this.#end === undefined) this.#break();
  }

  readonly #arrive = (chunk: Buffer): void => {
    const passedOn = this.#arrivedBytes < PASSED_ON_BYTES;
    this.#arrivedBytes += chunk.length;
    if (passedOn) this.#ready.push({ bytes: chunk });
    else this.#gather(chunk);
    this.#watch.count(chunk.length);
    if (this.#ready.length >= READY_AT_MOST && !this.#paused) this.#pause();
    if (this.#ready.length > 0) this.#tell();
  };

  readonly #close = (failure?: Error): void => {
    if (this.#end) return;
    this.#end = failure ? { failure } : {};
    if (this.#filling && this.#filledBytes > 0) this.#readyFilled(this.#filling);
    this.stop();
    this.#tell();
  };

  /** A connection that closes before the body's end is a body that failed, whatever Node calls it. */
  readonly #break = (cause?: Error): void =>
    this.#close(cause === undefined || isBreak(cause) ? clientGone(cause) : cause);

  #gather(chunk: Buffer): void {
    for (let rest: Uint8Array = chunk; rest.length > 0;) {
      const filling = (this.#filling ??= this.memory.take());
      const piece = rest.subarray(0, filling.length - this.#filledBytes);
      filling.set(piece, this.#filledBytes);
      this.#filledBytes += piece.length;
      rest = rest.subarray(piece.length);
      if (this.#filledBytes < filling.length) continue;
      this.#readyFilled(filling);
    }
    giveBack(chunk);
  }

  #readyFilled(filling: Buffer<ArrayBuffer>): void {
    this.#ready.push({ bytes: filling.subarray(0, this.#filledBytes), from: filling });
    this.#filling = undefined;
    this.#filledBytes = 0;
  }

  /** Only here, when the reader asks for more: one that gives up may leave others behind that still read. */
  #takeBack(): void {
    const lent = this.#lent;
    this.#lent = undefined;
    if (lent === undefined) return;
    if (lent.from) this.memory.give(lent.from);
    else giveBack(lent.bytes);
  }

  async #wait(): Promise<void> {
    this.#watch.wait();
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#watch.waited();
  }

  #tell(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #pause(): void {
    this.#paused = true;
    this.req.pause();
  }

  #resume(): void {
    this.#paused = false;
    this.req.resume();
  }
}

function clientGone(cause?: Error | null): ClientGone {
  return new ClientGone('the client left in the middle of its request', { cause });
}
