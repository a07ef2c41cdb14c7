import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { pipeline, type Duplex } from 'node:stream';

/** A proxy for https, which knows some hosts and lets nobody through to any other: RFC 9110, 9.3.6 (CONNECT). */
export class TunnelProxy {
  readonly #server: Server;
  readonly #asked = new Set<string>();
  readonly #sockets = new Set<Duplex>();

  /** @param ports of loopback, by the host that they stand for */
  private constructor(private readonly ports: Readonly<Record<string, number>>) {
    this.#server = createServer((_, response) => void response.writeHead(405).end());
    this.#server.on('connect', (request, client) => this.#connect(request, client));
  }

  static async start(ports: Readonly<Record<string, number>>): Promise<TunnelProxy> {
    const proxy = new TunnelProxy(ports);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Every host that was asked for, whether it is known or not. */
  get hosts(): readonly string[] {
    return [...this.#asked].toSorted();
  }

  async stop(): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    this.#server.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #connect({ url = '' }: IncomingMessage, client: Duplex): void {
    const host = url.replace(/:443$/, '');
    this.#asked.add(host);
    const port = this.ports[host];
    if (port === undefined) return void client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
    const server = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      pipeline(client, server, client, () => this.#sockets.delete(client));
    });
    server.on('error', () => client.destroy());
    this.#sockets.add(client);
  }
}
