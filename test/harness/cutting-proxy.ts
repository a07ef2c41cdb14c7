import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Which connections a proxy cuts: those that carry more than so many bytes one way. */
export interface Cut {
  readonly direction: 'to registry' | 'to client';
  readonly afterBytes: number;
  /** After so many cuts everything passes. */
  readonly times: number;
}

/** Cuts nothing: for counting alone. */
export const UNCUT: Cut = { direction: 'to client', afterBytes: 0, times: 0 };

/** A hop in front of a registry, or of what a registry keeps its content in, that counts bytes, passes them on and closes connections in the middle of a transfer. */
export class CuttingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cuts = 0;
  #bytesToRegistry = 0;
  #bytesToClient = 0;

  private constructor(
    private readonly target: URL,
    private readonly cut: Cut,
  ) {
    this.#server = createServer((client) => this.#pass(client));
  }

  static async start(target: URL, cut: Cut): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target, cut);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections that were cut so far. */
  get cuts(): number {
    return this.#cuts;
  }

  /** What clients sent over all connections so far. */
  get bytesToRegistry(): number {
    return this.#bytesToRegistry;
  }

  /** What clients were sent over all connections so far. */
  get bytesToClient(): number {
    return this.#bytesToClient;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #pass(client: Socket): void {
    const registry = connect(Number(this.target.port), this.target.hostname);
    const both = [client, registry];
    for (const socket of both) {
      this.#sockets.add(socket);
      socket.on('error', () => both.forEach((one) => one.destroy()));
      socket.on('close', () => {
        this.#sockets.delete(socket);
        both.forEach((one) => one.destroy());
      });
    }
    client.on('data', (chunk: Buffer) => (this.#bytesToRegistry += chunk.length));
    registry.on('data', (chunk: Buffer) => (this.#bytesToClient += chunk.length));
    client.pipe(registry);
    registry.pipe(client);
    this.#watch(this.cut.direction === 'to registry' ? client : registry, both);
  }

  /** Counts what `from` sends on this one connection, and closes both ends when it is enough. */
  #watch(from: Socket, both: readonly Socket[]): void {
    let passed = 0;
    from.on('data', (chunk: Buffer) => {
      passed += chunk.length;
      if (passed <= this.cut.afterBytes || this.#cuts >= this.cut.times || from.destroyed) return;
      this.#cuts += 1;
      for (const socket of both) socket.destroy();
    });
  }
}
