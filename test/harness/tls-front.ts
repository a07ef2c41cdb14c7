import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { pipeline } from 'node:stream';
import { createServer, type TLSSocket } from 'node:tls';
import type { ServerCertificate } from './authority.js';
import { LoopbackServer } from './loopback-server.js';

/** https for a server of loopback that speaks http only. */
export class TlsFront extends LoopbackServer {
  private constructor({ certFile, keyFile }: ServerCertificate, port: number) {
    super(createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }));
    this.server.on('secureConnection', (client: TLSSocket) => {
      // The end of one is the end of both.
      pipeline(client, connect(port, '127.0.0.1'), client, () => undefined);
    });
  }

  static start(certificate: ServerCertificate, port: number): Promise<TlsFront> {
    return new TlsFront(certificate, port).listening();
  }
}
