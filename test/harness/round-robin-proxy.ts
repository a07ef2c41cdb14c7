import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { LoopbackServer } from './loopback-server.js';

const HEAD_END = '\r\n\r\n';
const MAX_HEAD_BYTES = 1_048_576;
const NOBODY = 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

/**
 * A hop in front of the processes of one region that sends each request to the next of them. Every request gets a connection of its
 * own, by a `Connection: close` in its head; all other bytes pass as they are, malformed ones too.
 */
export class RoundRobinProxy extends LoopbackServer {
  readonly #requests = new Map<number, number>();
  #turn = 0;

  private constructor(private readonly ports: () => readonly number[]) {
    // A client may have said all it has to say and still wait for the answer.
    super(createServer({ allowHalfOpen: true }));
    this.server.on('connection', (client) => {
      this.#tend(client);
      this.#pass(client).catch(() => client.destroy());
    });
  }

  /** @param ports of the processes that take requests at this moment, on loopback */
  static start(ports: () => readonly number[]): Promise<RoundRobinProxy> {
    return new RoundRobinProxy(ports).listening();
  }

  /** How many requests each port was sent. */
  get requests(): ReadonlyMap<number, number> {
    return this.#requests;
  }

  async #pass(client: Socket): Promise<void> {
    const head = await readHead(client);
    if (head.length === 0) return void client.destroy();
    const registry = await this.#connect();
    if (registry === undefined) return void client.end(NOBODY);
    for (const [one, other] of [
      [client, registry],
      [registry, client],
    ] as const)
      one.on('close', () => other.destroy());
    registry.write(closingAfter(head));
    client.pipe(registry);
    registry.pipe(client);
  }

  /** To whoever's turn it is; who does not listen is passed over. */
  async #connect(): Promise<Socket | undefined> {
    const ports = this.ports();
    for (let tries = 0; tries < ports.length; tries++) {
      const port = ports[this.#turn++ % ports.length] ?? 0;
      const registry = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      this.#tend(registry);
      const connected = await once(registry, 'connect').then(
        () => true,
        () => false,
      );
      if (!connected) continue;
      this.#requests.set(port, (this.#requests.get(port) ?? 0) + 1);
      return registry;
    }
    return undefined;
  }

  #tend(socket: Socket): void {
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
  }
}

/** What a client sends up to the end of its request's head, and perhaps more; less when it ends before, or does not speak HTTP. */
async function readHead(client: Socket): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  for await (const chunk of client.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    head = Buffer.concat([head, chunk]);
    if (head.includes(HEAD_END) || head.length > MAX_HEAD_BYTES || !isPrintable(head[0] ?? 0)) break;
  }
  return head;
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}

/** The same request, which asks for the connection to be closed behind the answer. */
function closingAfter(request: Buffer): Buffer {
  const end = request.indexOf(HEAD_END);
  if (end < 0) return request;
  const [line = '', ...fields] = request.subarray(0, end).toString('latin1').split('\r\n');
  const others = fields.filter((field) => !/^connection:/i.test(field));
  const head = [line, ...others, 'Connection: close'].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), request.subarray(end)]);
}
