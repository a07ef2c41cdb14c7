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

export { FaultPlan, networkFaults, type FaultedRequest, type ServerFault } from './fault-plan.js';

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
  serve(asked: Asked, mostKeys: number): Answer | Promise<Answer>;
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
    const head = { method, path, query, headers, body: Buffer.alloc(0) };
    const name = this.service.nameOf(head);
    const fault = this.faults.take(name, head);
    if (fault?.kind === 'break-off') await untilBodyBegins(request);
    const asked = { ...head, body: fault?.kind === 'break-off' ? head.body : await readBody(request) };
    this.#asked.push(name);
    this.#events.emit(name);
    if (fault?.kind === 'late') return this.#serveLate(request, asked, fault.milliseconds);
    const instead = await this.#instead(fault, name);
    if (instead === 'nothing') return;
    if (instead === 'reset') return void request.socket.destroy();
    const answer = instead ?? (await this.#answer(asked, fault));
    if (breaksBefore(answer, fault, method)) request.socket.destroy();
    else await this.#send(request, response, answer, fault);
  }

  async #serveLate(request: IncomingMessage, asked: Asked, milliseconds: number): Promise<void> {
    request.socket.destroy();
    await this.#pause(milliseconds);
    await this.service.serve(asked, USUAL_PAGE);
  }

  async #answer(asked: Asked, fault: ServerFault | undefined): Promise<Answer> {
    const mostKeys = fault?.kind === 'cut-page' ? fault.keys : USUAL_PAGE;
    const first = await this.service.serve(asked, mostKeys);
    if (fault?.kind !== 'twice') return first;
    const second = await this.service.serve(asked, mostKeys);
    return fault.answer === 'first' ? first : second;
  }

  /** @throws when the server stops meanwhile */
  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#hanging.signal });
  }

  /** What comes in place of the service's answer. */
  async #instead(fault: ServerFault | undefined, name: Name): Promise<Answer | 'nothing' | 'reset' | undefined> {
    switch (fault?.kind) {
      case 'reset':
      case 'break-off':
        return 'reset';
      case 'hang':
        if (fault.milliseconds === undefined) return 'nothing';
        await this.#pause(fault.milliseconds);
        return 'reset';
      case 'refuse': {
        const answer = this.service.refuse(fault.status, fault.code, name);
        const retryAfter = fault.retryAfter !== undefined && { 'Retry-After': fault.retryAfter };
        return { ...answer, headers: { ...answer.headers, ...retryAfter } };
      }
      case 'say':
        return { status: fault.status, headers: { 'Content-Type': 'text/html' }, body: Buffer.from(fault.text) };
      case 'slow':
        await this.#pause(fault.milliseconds);
        return undefined;
      default:
        return undefined;
    }
  }

  async #send(
    request: IncomingMessage,
    response: ServerResponse,
    answer: Answer,
    fault: ServerFault | undefined,
  ): Promise<void> {
    const body = request.method === 'HEAD' ? Buffer.alloc(0) : answer.body;
    response.sendDate = false;
    response.writeHead(answer.status, {
      Date: new Date(this.service.now()).toUTCString(),
      'Content-Length': answer.body.length,
      ...answer.headers,
    });
    if (fault?.kind === 'truncate') {
      response.write(body.subarray(0, fault.afterBytes), () => request.socket.destroy());
      return;
    }
    if (fault?.kind === 'short') {
      response.write(body.subarray(0, -1), () => request.socket.end());
      return;
    }
    const half = fault?.kind === 'halting' ? Math.ceil(body.length / 2) : 0;
    if (half > 0) response.write(body.subarray(0, half));
    if (fault?.kind === 'halting') await this.#pause(fault.milliseconds);
    response.end(body.subarray(half));
  }
}

/** Whether the connection breaks when the answer is about to be sent. */
function breaksBefore(answer: Answer, fault: ServerFault | undefined, method: string): boolean {
  if (fault?.kind === 'lose-answer') return true;
  return (fault?.kind === 'truncate' || fault?.kind === 'short') && (answer.body.length === 0 || method === 'HEAD');
}

async function untilBodyBegins(request: IncomingMessage): Promise<void> {
  // Of a request without a body, too, when its end has been read.
  await once(request, 'readable');
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
