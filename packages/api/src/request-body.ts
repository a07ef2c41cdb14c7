import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RegistryError } from '@atoll/core';
import type { BufferPool } from '@atoll/storage';
import { ArrivingBody } from './arriving-body.js';
import type { BodyLimits } from './progress-watch.js';

/**
 * A request's body: read once, in the reader's own pace, with timers that count only while the registry waits for the client.
 * It replaces Node's request timeout, which cuts any long upload, however fast it is.
 */
export class RequestBody {
  /** Whether the head announces a body. A chunked one may still turn out empty. */
  readonly present: boolean;
  /** `undefined` for a chunked body. */
  readonly sizeBytes: number | undefined;
  #awaitsContinue: boolean;
  #arriving: ArrivingBody | undefined;

  constructor(
    private readonly req: IncomingMessage,
    private readonly res: ServerResponse,
    private readonly limits: BodyLimits,
    private readonly memory: BufferPool,
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

  get receivedBytes(): number {
    return this.#arriving?.arrivedBytes ?? 0;
  }

  /** Whether the client holds its body back until it is told to go on: `Expect: 100-continue`. */
  get heldBack(): boolean {
    return this.#awaitsContinue;
  }

  /**
   * A chunk's memory is used again when the next one is asked for. Leaving the loop early leaves the rest unread and the connection
   * open, so that the client can be told why.
   * @throws RegistryError 408 when the client is too slow; ClientGone when the connection breaks before the body's end
   */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    if (!this.present) return;
    this.#sendContinue();
    const arriving = (this.#arriving = new ArrivingBody(this.req, this.memory, this.limits));
    try {
      for (let next = await arriving.next(); next !== undefined; next = await arriving.next()) yield next;
    } finally {
      arriving.stop();
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

  /** To be told when the exchange is over: nobody may wait any more, and a reader that gave up without saying so leaves a timer behind. */
  release(): void {
    this.#arriving?.abandon();
  }

  /** Whether reading ended because the client was too slow: then there is no sense in waiting for the rest. */
  get tooSlow(): boolean {
    return this.#arriving?.tooSlow ?? false;
  }

  #sendContinue(): void {
    if (!this.#awaitsContinue) return;
    this.#awaitsContinue = false;
    this.res.writeContinue();
  }
}
