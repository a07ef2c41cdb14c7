import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { ServerCertificate } from './authority.js';

/** https for a server of loopback that speaks http only. */
export class TlsFront {
  readonly #server: Server;
  readonly #sockets = new Set<TLSSocket>();

  private constructor({ certFile, keyFile }: ServerCertificate, port: number) {
    const options = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    this.#server = createServer(options, (client) => {
      this.#sockets.add(client);
      const server = connect(port, '127.0.0.1');
      pipeline(client, server, client, () => this.#sockets.delete(client));
    });
  }

  static async start(certificate: ServerCertificate, port: number): Promise<TlsFront> {
    const front = new TlsFront(certificate, port);
    front.#server.listen(0, '127.0.0.1');
    await once(front.#server, 'listening');
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
