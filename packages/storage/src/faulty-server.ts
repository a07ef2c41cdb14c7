import { EventEmitter, once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultPlan, type ServerFault } from './fault-plan.js';

export { FaultPlan, type ServerFault } from './fault-plan.js';

/** One request, with all of its body. */
export interface Asked {
  readonly method: string;
  /** As it was sent, without the query. */
  readonly path: string;
  /** As it was sent. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** What a cloud's fake is made of, beside the faults. */
export interface FakeService<Name extends string> {
  nameOf(asked: Asked): Name;
  /** `mostKeys`: what a page of a list holds at most. */
  serve(asked: Asked, mostKeys: number): Answer;
  refuse(status: number, code: string, name: Name): Answer;
  /** Its clock. */
  now(): number;
}

const USUAL_PAGE = 1_000;

/** A server in this process for a cloud's fake, which fails where it is told to and counts what it is asked. */
export class FaultyServer<Name extends string> {
  readonly faults = new FaultPlan<Name>();
  #asked: Name[] = [];
  readonly #server: Server;
  readonly #hanging = new AbortController();
  readonly #events = new EventEmitter();

  private constructor(private readonly service: FakeService<Name>) {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => request.socket.destroy());
    });
  }

  static async start<Name extends string>(service: FakeService<Name>): Promise<FaultyServer<Name>> {
    const server = new FaultyServer(service);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get endpoint(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** Waits for the next request of a kind. */
  async asked(name: Name): Promise<void> {
    await once(this.#events, name);
  }

  /** How often it was asked for what, since the last call. */
  takeCounts(): Partial<Record<Name, number>> {
    const counts: Partial<Record<Name, number>> = {};
    for (const name of this.#asked.splice(0)) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  }

  async stop(): Promise<void> {
    this.#hanging.abort();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers } = request;
    const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s);
    const asked = { method, path, query, headers, body: await readBody(request) };
    const name = this.service.nameOf(asked);
    this.#asked.push(name);
    this.#events.emit(name);
    const fault = this.faults.take(name);
    const instead = await this.#instead(fault, name);
    if (instead === 'nothing') return;
    if (instead === 'reset') return void request.socket.destroy();
    const answer = instead ?? this.service.serve(asked, fault?.kind === 'cut-page' ? fault.keys : USUAL_PAGE);
    const cutAfterBytes = fault?.kind === 'truncate' ? fault.afterBytes : undefined;
    const hasBody = answer.body.length > 0 && method !== 'HEAD';
    if (fault?.kind === 'lose-answer' || (cutAfterBytes !== undefined && !hasBody)) request.socket.destroy();
    else this.#send(request, response, answer, cutAfterBytes);
  }

  /** What comes in place of the service's answer. */
  async #instead(fault: ServerFault | undefined, name: Name): Promise<Answer | 'nothing' | 'reset' | undefined> {
    switch (fault?.kind) {
      case 'reset':
        return 'reset';
      case 'hang':
        return 'nothing';
      case 'refuse': {
        const answer = this.service.refuse(fault.status, fault.code, name);
        const retryAfter = fault.retryAfter !== undefined && { 'Retry-After': fault.retryAfter };
        return { ...answer, headers: { ...answer.headers, ...retryAfter } };
      }
      case 'say':
        return { status: fault.status, headers: { 'Content-Type': 'text/html' }, body: Buffer.from(fault.text) };
      case 'slow':
        await sleep(fault.milliseconds, undefined, { signal: this.#hanging.signal });
        return undefined;
      default:
        return undefined;
    }
  }

  #send(request: IncomingMessage, response: ServerResponse, answer: Answer, afterBytes?: number): void {
    response.sendDate = false;
    response.writeHead(answer.status, {
      Date: new Date(this.service.now()).toUTCString(),
      'Content-Length': answer.body.length,
      ...answer.headers,
    });
    if (afterBytes === undefined) response.end(request.method === 'HEAD' ? undefined : answer.body);
    else response.write(answer.body.subarray(0, afterBytes), () => request.socket.destroy());
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
