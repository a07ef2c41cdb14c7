import { createServer, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { pipeline, type Duplex } from 'node:stream';
import { LoopbackServer } from './loopback-server.js';

/** A proxy for https, which knows some hosts and lets nobody through to any other: RFC 9110, 9.3.6 (CONNECT). */
export class TunnelProxy extends LoopbackServer {
  readonly #asked = new Set<string>();

  /** @param ports of loopback, by the host that they stand for */
  private constructor(private readonly ports: Readonly<Record<string, number>>) {
    super(createServer((_, response) => void response.writeHead(405).end()));
    this.server.on('connect', (request: IncomingMessage, client: Duplex) => this.#connect(request, client));
  }

  static start(ports: Readonly<Record<string, number>>): Promise<TunnelProxy> {
    return new TunnelProxy(ports).listening();
  }

  /** Every host that was asked for, whether it is known or not. */
  get hosts(): readonly string[] {
    return [...this.#asked].toSorted();
  }

  #connect({ url = '' }: IncomingMessage, client: Duplex): void {
    const host = url.replace(/:443$/, '');
    this.#asked.add(host);
    const port = this.ports[host];
    if (port === undefined) return void client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
    const server = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      // The end of one is the end of both.
      pipeline(client, server, client, () => undefined);
    });
    server.on('error', () => client.destroy());
  }
}
