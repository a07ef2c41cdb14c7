import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { withRequest, type Logger } from '@atoll/runtime';
import type { BufferPool } from '@atoll/storage';
import { Connections } from './connections.js';
import { Exchange, type ExchangeParts } from './exchange.js';
import type { ApiLimits } from './limits.js';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** What answers a request, or throws what its client is told. */
type Task = (exchange: Exchange) => Promise<void> | void;

/** The requests that are being answered at this moment, and whether there will be more. */
export class Traffic {
  draining = false;
  /** Those whose answer is not out yet. */
  readonly #exchanges = new Connections();
  /** Tasks under way: one may go on after its client has gone. */
  #running = 0;
  readonly #awaitContinue = new WeakSet<IncomingMessage>();
  readonly #parts: ExchangeParts;
  #becameIdle: () => void = () => undefined;

  /** @param bodyMemory where large bodies are gathered */
  constructor(log: Logger, limits: ApiLimits, bodyMemory: BufferPool) {
    const isDraining = () => this.draining;
    const onClosed = (exchange: Exchange) => this.#ended(exchange);
    this.#parts = { log, limits, bodyMemory, isDraining, onClosed };
  }

  /** To be told before the request is answered: its client holds the body back. */
  expectContinue(req: IncomingMessage): void {
    this.#awaitContinue.add(req);
  }

  /** Runs `task`, with the request's id on every log line, and answers with what it throws. Never rejects. */
  run(req: IncomingMessage, res: ServerResponse, task: Task): Promise<void> | void {
    const requestId = requestIdOf(req);
    const exchange = new Exchange(req, res, requestId, this.#awaitContinue.has(req), this.#parts);
    const before = this.#exchanges.add(exchange);
    this.#running++;
    return withRequest({ requestId }, () =>
      before ? this.#queue(exchange, before, task) : this.#attempt(exchange, task),
    );
  }

  /**
   * Requests of one connection run one after another, however many came at once: each would hold files and memory for an answer that
   * cannot go out yet. What is behind the end of the connection never runs.
   */
  async #queue(exchange: Exchange, before: Exchange, task: Task): Promise<void> {
    const { socket } = exchange.req;
    socket.pause();
    await before.over();
    if (socket.destroyed) return this.#attempt(exchange, () => exchange.drop());
    if (this.on(socket).at(-1) === exchange) socket.resume();
    return this.#attempt(exchange, task);
  }

  /** What is being answered on a connection, in the order of the requests. */
  on(socket: Socket): readonly Exchange[] {
    return this.#exchanges.on(socket);
  }

  /** Answers whether nothing was being answered any more before time was up. */
  async idle(limitMs: number): Promise<boolean> {
    if (this.#isIdle) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs, false);
      this.#becameIdle = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  abortAll(reason: Error): void {
    for (const exchange of this.#exchanges.all()) exchange.abort(reason);
  }

  /** Asynchronous only where the task is: a manifest at hand is answered at once. */
  #attempt(exchange: Exchange, task: Task): Promise<void> | void {
    try {
      const answering = task(exchange);
      if (answering !== undefined) return this.#settle(exchange, answering);
      this.#ran();
    } catch (cause) {
      // Not at once: Node's parser is still in the middle of what came with the request, and what it finds wrong there would cut an
      // answer off that is on its way.
      const failing = Promise.resolve().then(() => {
        throw cause;
      });
      return this.#settle(exchange, failing);
    }
  }

  async #settle(exchange: Exchange, answering: Promise<void>): Promise<void> {
    try {
      await answering;
    } catch (cause) {
      exchange.fail(cause);
    } finally {
      this.#ran();
    }
  }

  #ran(): void {
    this.#running--;
    this.#tellIfIdle();
  }

  #ended(exchange: Exchange): void {
    this.#exchanges.remove(exchange);
    this.#tellIfIdle();
  }

  get #isIdle(): boolean {
    return this.#running === 0 && this.#exchanges.size === 0;
  }

  #tellIfIdle(): void {
    if (this.#isIdle) this.#becameIdle();
  }
}

/** A client's own id is taken when it can do no harm in a log or a header. */
function requestIdOf(req: IncomingMessage): string {
  const own = req.headers['x-request-id'];
  return typeof own === 'string' && REQUEST_ID.test(own) ? own : randomUUID();
}
