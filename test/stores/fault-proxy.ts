import { once } from 'node:events';
import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoopbackServer } from '../harness/loopback-server.js';

/** What befalls a request on its way, or its answer. */
export type Fault =
  /** The connection is closed before the server has seen anything. */
  | 'lose request'
  /** The server does what it is asked, and the connection is closed before the answer. */
  | 'lose answer'
  /** The server does what it is asked, and the answer says that it failed. */
  | 'answer 500'
  /** The server is not asked, and something in between answers in its place. */
  | { readonly status: number; readonly code?: string; readonly headers?: Readonly<Record<string, string>> }
  /** The server is asked at once, and its answer waits; forever, where that is `Infinity`. */
  | { readonly delayMs: number }
  | { readonly cutBodyAfter: number }
  | { readonly stallBodyAfter: number };

/** One request, as it passes. */
export interface Passing {
  /** As the service names it: `Put Blob`. */
  readonly operation: string;
  readonly path: string;
}

/** A hop in front of a store that speaks Azure Blob Storage's protocol: breaks what it is told to, and writes down what passes. */
export class FaultProxy extends LoopbackServer {
  readonly #passed: Passing[] = [];
  /** Asked for every request. */
  plan: (passing: Passing) => Fault | undefined = () => undefined;

  private constructor(private readonly target: URL) {
    super(createServer());
    this.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#pass(request, response).catch(() => response.destroy());
    });
  }

  static start(target: URL): Promise<FaultProxy> {
    return new FaultProxy(target).listening();
  }

  get origin(): URL {
    return new URL(this.url);
  }

  /** What passed since this was last asked, in order. */
  takePassed(): Passing[] {
    return this.#passed.splice(0);
  }

  /** The operations of what passed. */
  takeOperations(): string[] {
    return this.takePassed().map(({ operation }) => operation);
  }

  /** As many requests of one kind as are named meet a fault, one after the other; everything else passes. */
  breakNext(operation: string, ...faults: Fault[]): void {
    this.plan = (passing) => (passing.operation === operation ? faults.shift() : undefined);
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(request);
    const passing = { operation: operationOf(request), path: request.url ?? '' };
    this.#passed.push(passing);
    const fault = this.plan(passing);
    if (fault === 'lose request') return void response.destroy();
    if (typeof fault === 'object' && 'status' in fault) return refuse(fault, response);
    const answer = await this.#forward(request, body);
    const answered = await readAll(answer);
    if (typeof fault === 'object' && 'delayMs' in fault) {
      if (fault.delayMs === Infinity) return;
      await sleep(fault.delayMs);
    }
    if (fault === 'lose answer') return void response.destroy();
    if (fault === 'answer 500') {
      return refuse({ status: 500, code: 'InternalError' }, response);
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    const partBytes = bytesBefore(fault);
    if (partBytes === undefined) return void response.end(answered);
    response.write(answered.subarray(0, partBytes), () => {
      if (typeof fault === 'object' && 'cutBodyAfter' in fault) response.destroy();
    });
  }

  async #forward({ method, url, headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const forwarded = send(new URL(url ?? '/', this.target), { method: method ?? 'GET', headers });
    forwarded.end(body);
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
    return answer;
  }
}

type Refusal = Extract<Fault, { status: number }>;

/** Without a code, what proxies answer. */
function refuse({ status, code, headers }: Refusal, response: ServerResponse): void {
  const told = code === undefined ? { 'content-type': 'text/html' } : { 'x-ms-error-code': code };
  response.writeHead(status, { ...told, ...headers }).end(code === undefined ? '<html>no</html>' : undefined);
}

function bytesBefore(fault: Fault | undefined): number | undefined {
  if (typeof fault !== 'object') return undefined;
  if ('cutBodyAfter' in fault) return fault.cutBodyAfter;
  return 'stallBodyAfter' in fault ? fault.stallBodyAfter : undefined;
}

function operationOf({ method = '', url = '/', headers }: IncomingMessage): string {
  const query = new URL(url, 'http://proxy').searchParams;
  if (query.get('comp') === 'list') return 'List Blobs';
  const blocks = { block: 'Block', blocklist: 'Block List' }[query.get('comp') ?? ''];
  const fromUrl = headers['x-ms-copy-source'] === undefined ? '' : ' From URL';
  const verb = { PUT: 'Put', GET: 'Get', HEAD: 'Head', DELETE: 'Delete' }[method] ?? method;
  return `${verb} ${blocks ?? 'Blob'}${fromUrl}`;
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
