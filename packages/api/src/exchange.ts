import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { RegistryError } from '@atoll/core';
import { canLend, type BufferPool } from '@atoll/storage';
import type { LogFacts, Logger } from '@atoll/runtime';
import { logServed } from './access-log.js';
import { ClientGone, isBreak } from './client-gone.js';
import { errorPayload, headersOf, toRegistryError } from './errors.js';
import type { ApiLimits } from './limits.js';
import { RequestBody } from './request-body.js';
import type { Match } from './route.js';

export type Headers = Record<string, string>;

/** What all requests of a server share. */
export interface ExchangeParts {
  readonly log: Logger;
  readonly limits: ApiLimits;
  readonly bodyMemory: BufferPool;
  /** The server is about to stop, so no connection is kept. */
  readonly isDraining: () => boolean;
  /** The answer is out, or will never be. */
  readonly onClosed: (exchange: Exchange) => void;
}

/** A response longer than this does not leave with one write, so it can be left unread. */
const SMALL_RESPONSE_BYTES = 65_536;
/** Up to here copying costs less than the second write. */
const JOINED_BYTES = 16_384;
const LISTENING: () => void = () => undefined;

/** One request and its answer. Every byte that goes out goes through here. */
export class Exchange {
  match: Match | undefined;
  readonly body: RequestBody;
  readonly #startedAt = performance.now();
  readonly #stop = new LazyAbort();
  readonly #gone = new LazyAbort();
  #sentBytes = 0;
  #code: string | undefined;
  #last = false;
  #isOver = false;
  #tellOver: () => void = () => undefined;

  /** @param awaitsContinue whether the client waits for `100 Continue` before it sends its body */
  constructor(
    readonly req: IncomingMessage,
    readonly res: ServerResponse,
    readonly requestId: string,
    awaitsContinue: boolean,
    private readonly parts: ExchangeParts,
  ) {
    this.body = new RequestBody(req, res, parts.limits, parts.bodyMemory, awaitsContinue);
    // A connection that breaks is told by `close`; without a listener `error` would end the process.
    res.on('error', LISTENING);
    res.on('close', () => this.#closed());
  }

  /** For reads: aborts when the client goes away, and when the server stops for good. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** For writes: aborts only when the server stops for good. A client that leaves ends its body, and what it brought is kept. */
  get workSignal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Ends the exchange now, whatever it is doing; the client is told `reason` where it can still be told anything. */
  abort(reason: Error): void {
    this.#stop.abort(reason);
    this.#gone.abort(reason);
  }

  /** For what went wrong without the client noticing. */
  note(message: string, facts: LogFacts): void {
    this.parts.log.warn(message, facts);
  }

  /** Resolves when the answer is out, or will never be. For one caller: the request behind this one. */
  over(): Promise<void> {
    return this.#isOver ? Promise.resolve() : new Promise((resolve) => (this.#tellOver = resolve));
  }

  /** For a request whose connection ended before its turn: Node tells nobody of an answer that never got to the connection. */
  drop(): void {
    this.#closed();
  }

  /** No other request on this connection, once this one is answered. */
  closeAfter(): void {
    this.#last = true;
  }

  /** Answers with `payload`, or with its headers only where the request or the status has no body. */
  respond(status: number, headers: Headers, payload?: Buffer): void {
    const { res, body } = this;
    const close = this.#head(status, headers);
    const sent = this.req.method === 'HEAD' ? undefined : payload;
    this.#sentBytes = sent?.byteLength ?? 0;
    if (this.#sentBytes > SMALL_RESPONSE_BYTES) res.setTimeout(this.parts.limits.responseIdleMs);
    if (!body.unread) setImmediate(end, res, sent);
    else if (close) this.#endAndLinger(sent);
    else this.#endAndDrain(sent);
  }

  /** Answers with exactly `sizeBytes` from `source`. @throws whatever the source throws; Error when it ends early */
  async stream(status: number, headers: Headers, source: Readable, sizeBytes: number): Promise<void> {
    const { res } = this;
    this.#head(status, headers);
    res.setTimeout(this.parts.limits.responseIdleMs);
    if (canLend(source)) await source.lend((bytes) => this.#write(bytes));
    else for await (const chunk of source as AsyncIterable<Uint8Array>) await this.#write(chunk);
    if (this.#sentBytes !== sizeBytes) throw new Error(`the store sent ${this.#sentBytes} bytes of ${sizeBytes}`);
    res.end();
  }

  /** Returns when the bytes have left this process, so that their memory may be used again. */
  #write(bytes: Uint8Array): Promise<void> {
    const { res, signal } = this;
    this.#sentBytes += bytes.byteLength;
    return new Promise((resolve, reject) => {
      const leave = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', leave, { once: true });
      res.write(bytes, (cause) => {
        signal.removeEventListener('abort', leave);
        if (cause) reject(new ClientGone('the client left before it had the whole answer', { cause }));
        else resolve();
      });
    });
  }

  /** Answers with what went wrong; where half an answer is out, only a cut connection tells the client the truth. */
  fail(cause: unknown): void {
    const { res, req } = this;
    const error = toRegistryError(this.#stop.reason ?? cause);
    const left = res.destroyed || req.socket.destroyed;
    this.#code = error.code;
    this.#logFailure(error, cause, left);
    if (left || res.headersSent) return void res.destroy();
    const payload = errorPayload(error);
    this.respond(error.status, { ...headersOf(error), ...jsonHeaders(payload) }, payload);
  }

  /** What a client is told with a sentence is told by the access line; what only its words tell is told here, once. */
  #logFailure(error: RegistryError, cause: unknown, left: boolean): void {
    const { log } = this.parts;
    if (left && (error.status !== 500 || isBreak(cause))) {
      log.debug('client left', { reason: cause instanceof Error ? cause.message : String(cause) });
    } else if (error.status === 500) {
      log.error('request failed', { error: cause });
    } else if (error.status > 500 && error.more.cause !== undefined) {
      log.warn('storage failed', { error: error.more.cause });
    }
  }

  /** Answers whether the connection closes after this response. */
  #head(status: number, headers: Headers): boolean {
    const close = this.#last || this.parts.isDraining() || (this.body.unread && !this.#restIsSmall());
    this.res.writeHead(status, rawHead(this.requestId, headers, close));
    return close;
  }

  #restIsSmall(): boolean {
    const { sizeBytes, receivedBytes, heldBack, tooSlow } = this.body;
    if (heldBack || tooSlow || sizeBytes === undefined) return false;
    return sizeBytes - receivedBytes <= this.parts.limits.unreadBodyBytes;
  }

  /** The connection stays, if the rest of the body comes soon. */
  #endAndDrain(payload: Buffer | undefined): void {
    this.res.end(payload);
    const { req } = this;
    req.resume();
    setTimeout(() => {
      if (!req.readableEnded) req.socket.destroy();
    }, this.parts.limits.lingerMs).unref();
  }

  /**
   * The connection goes, but not before the client had time to read the answer: closing on a client that still sends resets the
   * connection, and the answer with it.
   */
  #endAndLinger(payload: Buffer | undefined): void {
    const { req, res, body } = this;
    if (body.heldBack || body.tooSlow) return void res.end(payload);
    if (payload === undefined) res.flushHeaders();
    else res.write(payload);
    const end = (): void => {
      clearTimeout(timer);
      res.end();
    };
    const timer = setTimeout(end, this.parts.limits.lingerMs);
    req.once('end', end).once('close', end).resume();
  }

  #closed(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { res, req } = this;
    this.body.release();
    const aborted = !res.writableFinished;
    if (aborted) this.#gone.abort(new ClientGone('the client has gone'));
    logServed(this.parts.log, {
      method: req.method ?? '',
      match: this.match,
      status: res.headersSent ? res.statusCode : 0,
      code: this.#code,
      durationMs: performance.now() - this.#startedAt,
      receivedBytes: this.body.receivedBytes,
      sentBytes: this.#sentBytes,
      aborted,
    });
    this.parts.onClosed(this);
    this.#tellOver();
  }
}

/** Names and values in turn, which Node writes as they are. */
function rawHead(requestId: string, headers: Headers, close: boolean): string[] {
  const head = [
    'Docker-Distribution-Api-Version',
    'registry/2.0',
    'X-Content-Type-Options',
    'nosniff',
    'X-Request-Id',
    requestId,
  ];
  for (const name in headers) head.push(name, headers[name] ?? '');
  if (close) head.push('Connection', 'close');
  return head;
}

/**
 * Called when all requests that have come by now were looked at, so that answers leave one after the other: that costs the kernel less,
 * which wakes whoever waits for them. Node joins a head and a text into one write, where a head and a Buffer take two; Latin-1 has every
 * byte as it is.
 */
function end(res: ServerResponse, payload: Buffer | undefined): void {
  const joined = payload !== undefined && payload.byteLength <= JOINED_BYTES;
  if (joined) res.end(payload.toString('latin1'), 'latin1');
  else res.end(payload);
}

export function jsonHeaders(payload: Buffer): Headers {
  return { 'Content-Type': 'application/json', 'Content-Length': String(payload.byteLength) };
}

/** A controller made when somebody first asks for its signal. */
class LazyAbort {
  #controller: AbortController | undefined;
  reason: Error | undefined;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.reason) this.#controller.abort(this.reason);
    }
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.reason ??= reason;
    this.#controller?.abort(this.reason);
  }
}
