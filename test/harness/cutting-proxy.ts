import { connect, createServer, type Socket } from 'node:net';
import { LoopbackServer } from './loopback-server.js';

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
export class CuttingProxy extends LoopbackServer {
  #cuts = 0;
  #bytesToRegistry = 0;
  #bytesToClient = 0;

  private constructor(
    private readonly target: URL,
    private readonly cut: Cut,
  ) {
    super(createServer());
    this.server.on('connection', (client) => this.#pass(client));
  }

  static start(target: URL, cut: Cut): Promise<CuttingProxy> {
    return new CuttingProxy(target, cut).listening();
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

  #pass(client: Socket): void {
    const registry = connect(Number(this.target.port), this.target.hostname);
    const both = [client, registry];
    for (const socket of both) {
      for (const event of ['error', 'close']) socket.on(event, () => both.forEach((one) => one.destroy()));
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
