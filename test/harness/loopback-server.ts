import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';

/** A server of this process on a free port of loopback. Its connections end with it. */
export abstract class LoopbackServer<Kind extends Server = Server> {
  readonly #sockets = new Set<Socket>();

  protected constructor(protected readonly server: Kind) {
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** As one that is spoken to without encryption. */
  get url(): string {
    return `http://${this.host}`;
  }

  async stop(): Promise<void> {
    const closed = once(this.server.close(), 'close');
    this.cutAll();
    await closed;
  }

  protected cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  protected async listening(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }
}
