import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface Question {
  /** Several values are several lines of one name. */
  readonly headers?: Record<string, string | number | readonly string[]>;
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
    const sent = request(new URL(target, this.url), {
      method,
      agent: this.#agent,
      headers: { ...length, ...question.headers },
    });
    sent.setTimeout(60_000, () => sent.destroy(new Error(`${method} ${target}: no answer in 60 s`)));
    sent.end(question.body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    const { statusCode: status = 0, headers, rawHeaders } = answer;
    return { status, headers, rawHeaders, body: Buffer.concat(chunks) };
  }

  close(): void {
    this.#agent.destroy();
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
