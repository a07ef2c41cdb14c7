import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface Question {
  /** Several values are several lines of one name. */
  readonly headers?: Record<string, string | number | string[]>;
  readonly body?: Uint8Array;
}

/** A plain HTTP client of one registry: keep-alive, nothing followed or retried, every byte as it is. */
export class Wire {
  readonly #agent: Agent;

  constructor(
    readonly url: string,
    maxSockets = 64,
  ) {
    this.#agent = new Agent({ keepAlive: true, maxSockets });
  }

  /** Sends one request; a `target` that is a whole URL (a Location) is taken as it is. */
  async send(method: string, target: string, question: Question = {}): Promise<Answer> {
    const length = hasLength(method, question) ? { 'Content-Length': question.body?.length ?? 0 } : {};
    return this.begin(method, target, { ...length, ...question.headers }).finish(question.body);
  }

  /** Begins a request whose body the caller sends in pieces; without a Content-Length it goes out in chunks. */
  begin(method: string, target: string, headers: NonNullable<Question['headers']>): BegunRequest {
    const sent = request(new URL(target, this.url), { method, agent: this.#agent, headers });
    sent.setTimeout(60_000, () => sent.destroy(new Error(`${method} ${target}: no answer in 60 s`)));
    return new BegunRequest(sent);
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A request whose body is not all sent yet. */
export class BegunRequest {
  constructor(private readonly sent: ClientRequest) {}

  /** Waits until the registry asks for the body of a request with `Expect: 100-continue`: its turn has come. */
  async asked(): Promise<void> {
    this.sent.flushHeaders();
    await once(this.sent, 'continue');
  }

  async send(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.sent.write(bytes, (cause) => (cause ? reject(cause) : resolve()));
    });
  }

  async finish(rest?: Uint8Array): Promise<Answer> {
    this.sent.end(rest);
    const [answer] = (await once(this.sent, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    const { statusCode: status = 0, headers, rawHeaders } = answer;
    return { status, headers, rawHeaders, body: Buffer.concat(chunks) };
  }

  /** Breaks the connection off. */
  cut(): void {
    this.sent.on('error', () => undefined).destroy();
  }
}

function hasLength(method: string, { headers = {}, body }: Question): boolean {
  if ('Transfer-Encoding' in headers) return false;
  return body !== undefined || (method !== 'GET' && method !== 'HEAD');
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** An answer nobody may get: the registry is up and said no to something it must accept. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer';
  constructor(
    what: string,
    readonly answer: Answer,
  ) {
    super(`${what}: ${answer.status} ${answer.body.toString('utf8').slice(0, 300)}`);
  }
}

/** @throws UnexpectedAnswer when the status is none of `wanted` */
export function expectStatus(what: string, answer: Answer, ...wanted: number[]): Answer {
  if (!wanted.includes(answer.status)) throw new UnexpectedAnswer(what, answer);
  return answer;
}

export function headerOf(answer: Answer, name: string): string {
  const value = answer.headers[name.toLowerCase()];
  if (typeof value !== 'string') throw new UnexpectedAnswer(`no ${name} header`, answer);
  return value;
}
