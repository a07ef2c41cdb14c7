import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { ServerCertificate } from '../harness/authority.js';
import { LoopbackServer } from '../harness/loopback-server.js';

/** By which Microsoft's own is reached. */
export const ENTRA_HOST = 'login.microsoftonline.com';

export interface Workload {
  readonly tenantId: string;
  readonly clientId: string;
  /** What Kubernetes has signed for the pod. */
  readonly federatedToken: string;
}

/** Gives a workload a token for Azure Storage in exchange for its pod's: what Microsoft Entra ID does for AKS. */
export class FakeEntra extends LoopbackServer {
  #given = 0;

  private constructor(
    private readonly workload: Workload,
    { certFile, keyFile }: ServerCertificate,
  ) {
    super(createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }));
    this.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void this.#answer(request, response);
    });
  }

  static start(workload: Workload, certificate: ServerCertificate): Promise<FakeEntra> {
    return new FakeEntra(workload, certificate).listening();
  }

  /** How many tokens were asked for and given. */
  get given(): number {
    return this.#given;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const root = `https://${ENTRA_HOST}/${this.workload.tenantId}`;
    const { pathname } = new URL(request.url ?? '/', root);
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    if (pathname.endsWith('/.well-known/openid-configuration')) {
      return answer(response, 200, {
        issuer: `${root}/v2.0`,
        authorization_endpoint: `${root}/oauth2/v2.0/authorize`,
        token_endpoint: `${root}/oauth2/v2.0/token`,
      });
    }
    const asked = new URLSearchParams(Buffer.concat(chunks).toString());
    if (!this.#knows(asked)) return answer(response, 401, { error: 'invalid_client' });
    this.#given += 1;
    return answer(response, 200, { token_type: 'Bearer', expires_in: 3_600, access_token: this.#token() });
  }

  /** RFC 7523, 2.2. */
  #knows(asked: URLSearchParams): boolean {
    const { clientId, federatedToken } = this.workload;
    return asked.get('client_id') === clientId && asked.get('client_assertion') === federatedToken;
  }

  /** What Azurite looks at; it checks no signature. */
  #token(): string {
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, nbf: now - 60, exp: now + 3_600 };
    const iss = `https://sts.windows.net/${this.workload.tenantId}/`;
    const claims = { ...times, iss, aud: 'https://storage.azure.com', oid: this.workload.clientId };
    const parts = [
      { alg: 'RS256', typ: 'JWT' },
      { ...claims, tid: this.workload.tenantId },
    ];
    return [...parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')), 'c2lnbmVk'].join('.');
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
