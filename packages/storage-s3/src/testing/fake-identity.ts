import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FAKE_CREDENTIALS } from './fake-s3.js';

export const FAKE_ROLE = 'arn:aws:iam::123456789012:role/registry';

/**
 * Gives a pod temporary credentials of the strict server in exchange for the token that the cluster has signed: by
 * AssumeRoleWithWebIdentity, as STS does, and at the address of container credentials, as EKS Pod Identity does.
 */
export class FakeIdentity {
  readonly #server: Server;
  /** What it takes. Changed by tests at any time. */
  token = 'signed-by-the-cluster';
  /** How long what it gives lives, one after the other; the last one stays. */
  lifeMinutes = [60];
  #given = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<FakeIdentity> {
    const identity = new FakeIdentity();
    identity.#server.listen(0, '127.0.0.1');
    await once(identity.#server, 'listening');
    return identity;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many credentials were asked for and given; the session token of each is `session-` and its number. */
  get given(): number {
    return this.#given;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    if (request.method === 'POST')
      return this.#assumeRole(new URLSearchParams(Buffer.concat(chunks).toString()), response);
    if (request.headers.authorization !== this.token) return void response.writeHead(401).end('{}');
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = this.#give();
    const given = { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...given, Token: sessionToken, Expiration: expiration }));
  }

  #assumeRole(asked: URLSearchParams, response: ServerResponse): void {
    const known = asked.get('RoleArn') === FAKE_ROLE && asked.get('WebIdentityToken') === this.token;
    if (asked.get('Action') !== 'AssumeRoleWithWebIdentity' || !known) {
      const error = '<Error><Type>Sender</Type><Code>InvalidIdentityToken</Code><Message>unknown</Message></Error>';
      response.writeHead(400, { 'content-type': 'text/xml' }).end(`<ErrorResponse>${error}</ErrorResponse>`);
      return;
    }
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = this.#give();
    const keys = `<AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey>`;
    const session = `<SessionToken>${sessionToken}</SessionToken><Expiration>${expiration}</Expiration>`;
    const name = 'AssumeRoleWithWebIdentity';
    const result = `<${name}Result><Credentials>${keys}${session}</Credentials></${name}Result>`;
    response.writeHead(200, { 'content-type': 'text/xml' }).end(`<${name}Response>${result}</${name}Response>`);
  }

  #give() {
    const minutes = this.lifeMinutes[Math.min(this.#given++, this.lifeMinutes.length - 1)] ?? 0;
    const expiration = new Date(Date.now() + minutes * 60_000).toISOString();
    return { ...FAKE_CREDENTIALS, sessionToken: `session-${this.#given}`, expiration };
  }
}
