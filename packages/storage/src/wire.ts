import { request as requestHttp, type Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { createBucketAgent, type ProxyNames } from './bucket-agent.js';
import type { CallOptions } from './object-store.js';

/** Names the registry in the logs of a service. */
export const USER_AGENT = 'atoll';

export interface WireRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** Makes what the caller wants of an answer: it reads or destroys it, or hands it on. */
export type Take<T> = (answer: IncomingMessage) => T | Promise<T>;

export interface WireOptions {
  readonly proxies?: ProxyNames | undefined;
  /** What a request fails with that takes too long. */
  readonly tooLate: () => Error;
  /** Until there is a connection. */
  readonly connectMs?: number;
  /** While nothing moves. Where it is known what that is, an answer that has begun may take as long as it moves. */
  readonly idleMs?: number;
}

export interface AskOptions extends CallOptions {
  /** How long the request and its answer may take. */
  readonly limitMs: number;
}

/** Requests to one server, over connections that are used again. Nothing is tried twice. */
export class Wire {
  readonly #agent: Agent;
  readonly #origin: URL;
  readonly #options: WireOptions;

  constructor(endpoint: string | URL, options: WireOptions) {
    this.#origin = new URL(endpoint);
    this.#options = options;
    this.#agent = createBucketAgent(this.#origin.protocol, options.proxies);
  }

  /**
   * Sends a request and gives its answer to `take`. Whatever becomes of it, nothing reads the request's body any more afterwards, so that
   * the caller may use its memory again.
   * @throws the signal's reason where it is aborted before, an error of the socket, what `tooLate` says, or what `take` throws
   */
  async ask<T>(request: WireRequest, take: Take<T>, o: AskOptions): Promise<T> {
    o.signal?.throwIfAborted();
    const outgoing = this.#begin(request);
    const limit = this.#limit(outgoing, o);
    const answered = answerTo(outgoing);
    const sent = sendingOf(outgoing);
    outgoing.end(request.body);
    let answer: IncomingMessage | undefined;
    try {
      answer = await answered;
      if (this.#options.idleMs !== undefined) limit.stopClock();
      const taken = await take(answer);
      await sent;
      return taken;
    } catch (cause) {
      // An answer that was read to its end leaves a connection that can be used again, unless it still reads the body's memory.
      if (answer?.complete !== true || !outgoing.writableFinished)
        outgoing.destroy(new Error('the request has failed', { cause }));
      throw cause;
    } finally {
      limit.release();
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #begin({ method, path, headers, body }: WireRequest): ClientRequest {
    const { protocol, hostname, port } = this.#origin;
    const { idleMs } = this.#options;
    const length = body && { 'content-length': String(body.length) };
    return (protocol === 'https:' ? requestHttps : requestHttp)({
      agent: this.#agent,
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? undefined : port,
      method,
      path,
      headers: { 'user-agent': USER_AGENT, ...headers, ...length },
      ...(idleMs !== undefined && { timeout: idleMs }),
    });
  }

  /** Ends a request that takes too long, or that nobody waits for any more. */
  #limit(outgoing: ClientRequest, { limitMs, signal }: AskOptions): { stopClock(): void; release(): void } {
    const { connectMs, tooLate } = this.#options;
    const late = (): void => void outgoing.destroy(tooLate());
    const clock = setTimeout(late, limitMs);
    const stopClock = (): void => clearTimeout(clock);
    const abort = (): void => void outgoing.destroy(new Error('the call was aborted'));
    signal?.addEventListener('abort', abort, { once: true });
    outgoing.once('timeout', late);
    if (connectMs !== undefined) limitConnecting(outgoing, connectMs, late);
    const release = (): void => {
      stopClock();
      signal?.removeEventListener('abort', abort);
    };
    return { stopClock, release };
  }
}

function limitConnecting(outgoing: ClientRequest, connectMs: number, late: () => void): void {
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) return;
    const clock = setTimeout(late, connectMs);
    for (const event of ['connect', 'close']) socket.once(event, () => clearTimeout(clock));
  });
}

function answerTo(outgoing: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  outgoing.once('response', resolve);
  // Not once: what breaks after the answer has begun is told by the answer, too.
  outgoing.on('error', reject);
  return promise;
}

/** Ends when nothing reads the request's body any more, or it has failed. */
function sendingOf(outgoing: ClientRequest): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const event of ['finish', 'close']) outgoing.once(event, () => resolve());
  return promise;
}
