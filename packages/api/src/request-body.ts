import type { IncomingMessage, ServerResponse } from 'node:http';
import { RegistryError } from '@atoll/core';
import { giveBack } from '@atoll/storage';
import { ClientGone, isBreak } from './client-gone.js';
import type { ApiLimits } from './limits.js';

type BodyLimits = Pick<ApiLimits, 'bodyIdleMs' | 'bodyWindowMs' | 'minBodyBytesPerSecond'>;

/**
 * A request's body: read once, in the reader's own pace, with timers that count only while the registry waits for the client.
 * It replaces Node's request timeout, which cuts any long upload, however fast it is.
 */
export class RequestBody {
  /** Whether the head announces a body. A chunked one may still turn out empty. */
  readonly present: boolean;
  /** `undefined` for a chunked body. */
  readonly sizeBytes: number | undefined;
  receivedBytes = 0;
  #awaitsContinue: boolean;
  #watch: ProgressWatch | undefined;

  constructor(
    private readonly req: IncomingMessage,
    private readonly res: ServerResponse,
    private readonly limits: BodyLimits,
    awaitsContinue: boolean,
  ) {
    const length = req.headers['content-length'];
    this.sizeBytes = length === undefined ? undefined : Number(length);
    this.present = req.headers['transfer-encoding'] !== undefined || Boolean(this.sizeBytes);
    this.#awaitsContinue = awaitsContinue && this.present;
  }

  /** Whether there are bytes of it that nobody has read. */
  get unread(): boolean {
    return this.present && !this.req.readableEnded;
  }

  /** Whether the client holds its body back until it is told to go on: `Expect: 100-continue`. */
  get heldBack(): boolean {
    return this.#awaitsContinue;
  }

  /**
   * A chunk's memory is given back when the next one is asked for. Leaving the loop early leaves the rest unread and the connection
   * open, so that the client can be told why.
   * @throws RegistryError 408 when the client is too slow; ClientGone when the connection breaks before the body's end
   */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    if (!this.present) return;
    this.#sendContinue();
    const watch = (this.#watch = new ProgressWatch(this.limits));
    const iterator = this.req.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array, undefined>;
    try {
      for (;;) {
        const next = await watch.during(orGone(iterator.next()));
        if (next.done === true) return;
        this.receivedBytes += next.value.byteLength;
        watch.count(next.value.byteLength);
        yield next.value;
        giveBack(next.value);
      }
    } finally {
      watch.stop();
      // A read still under way ends with the connection; waiting for it here would wait for the slow client.
      if (!watch.expired) await iterator.return?.();
    }
  }

  /** All of it, in memory. @throws RegistryError from `tooBig`, as soon as it is known that there are more than `limitBytes` */
  async bytes(limitBytes: number, tooBig: () => RegistryError): Promise<Buffer> {
    if ((this.sizeBytes ?? 0) > limitBytes) throw tooBig();
    const chunks: Buffer[] = [];
    for await (const chunk of this.chunks()) {
      if (this.receivedBytes > limitBytes) throw tooBig();
      chunks.push(Buffer.from(chunk));
    }
    const [first] = chunks;
    return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
  }

  /** To be told when the exchange is over: a reader that gave up without saying so leaves a timer behind. */
  release(): void {
    this.#watch?.stop();
  }

  /** Whether reading ended because the client was too slow: then there is no sense in waiting for the rest. */
  get tooSlow(): boolean {
    return this.#watch?.expired ?? false;
  }

  #sendContinue(): void {
    if (!this.#awaitsContinue) return;
    this.#awaitsContinue = false;
    this.res.writeContinue();
  }
}

/** Adds up the time spent waiting and what came meanwhile, window by window. */
class ProgressWatch {
  expired = false;
  #bytes = 0;
  #waitedMs = 0;
  #waitingSince: number | undefined;
  #reject: ((cause: Error) => void) | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly limits: BodyLimits) {
    this.#timer = setTimeout(() => this.#expireIfWaiting(), limits.bodyIdleMs);
  }

  /** @throws RegistryError 408 */
  async during<T>(read: Promise<T>): Promise<T> {
    this.#waitingSince = performance.now();
    this.#timer.refresh();
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#reject = reject;
        read.then(resolve, reject);
      });
    } finally {
      this.#waitedMs += performance.now() - this.#waitingSince;
      this.#waitingSince = undefined;
    }
  }

  /** @throws RegistryError 408 at the end of a window that brought too little */
  count(bytes: number): void {
    this.#bytes += bytes;
    const { bodyWindowMs, minBodyBytesPerSecond } = this.limits;
    if (this.#waitedMs < bodyWindowMs) return;
    if (this.#bytes * 1000 < minBodyBytesPerSecond * this.#waitedMs) {
      this.expired = true;
      throw tooSlow();
    }
    this.#bytes = this.#waitedMs = 0;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #expireIfWaiting(): void {
    if (this.#waitingSince === undefined) return;
    this.expired = true;
    this.#reject?.(tooSlow());
  }
}

/** A connection that closes before the body's end is a body that failed, whatever Node calls it. */
async function orGone<T>(read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (cause) {
    throw isBreak(cause) ? new ClientGone('the client left in the middle of its request', { cause }) : cause;
  }
}

function tooSlow(): RegistryError {
  return new RegistryError('UNAVAILABLE', 'the request body came too slowly; what was stored of an upload is kept', {
    status: 408,
  });
}
