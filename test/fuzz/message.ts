import type { Connection } from './connection.js';
import type { Expected } from './judge.js';

/** A request before it is bytes. */
export interface Message {
  readonly method: string;
  readonly target: string;
  readonly headers?: readonly string[];
  readonly body?: Uint8Array;
  /** In chunks of these sizes, the rest in one. */
  readonly chunks?: readonly number[];
}

/** With exactly the framing that its body needs. */
export function encode({ method, target, headers = [], body, chunks }: Message, id?: string): Buffer {
  const framing = chunks ? ['Transfer-Encoding: chunked'] : body ? [`Content-Length: ${body.length}`] : [];
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: r', ...(id === undefined ? [] : [`X-Request-Id: ${id}`])];
  const head = Buffer.from([...lines, ...framing, ...headers, '', ''].join('\r\n'), 'latin1');
  if (!body) return head;
  return Buffer.concat([head, ...(chunks ? inChunks(body, chunks) : [body])]);
}

export function inChunks(body: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let start = 0;
  for (const size of [...sizes, body.length]) {
    const part = body.subarray(start, start + size);
    start += size;
    if (part.length > 0) parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
  }
  return [...parts, Buffer.from('0\r\n\r\n')];
}

type Step = Parameters<Connection['send']>[0];

/** Requests that go out together, each to be answered. */
export class Batch {
  readonly #bytes: Buffer[] = [];
  readonly #asks: Expected[] = [];

  constructor(private readonly prefix: string) {}

  get size(): number {
    return this.#asks.length;
  }

  add(message: Message, { wanted, body }: Pick<Expected, 'wanted' | 'body'> = {}): this {
    const id = `${this.prefix}.${this.#asks.length}`;
    this.#bytes.push(encode(message, id));
    this.#asks.push({
      id,
      toHead: message.method === 'HEAD',
      ...(wanted !== undefined && { wanted }),
      ...(body !== undefined && { body }),
    });
    return this;
  }

  /** Bytes that are a request, made elsewhere. */
  addBytes(bytes: Buffer, expected: Expected): this {
    this.#bytes.push(bytes);
    this.#asks.push(expected);
    return this;
  }

  step(then: Step['then'] = 'answered'): Step {
    return { bytes: Buffer.concat(this.#bytes), asks: this.#asks, then };
  }
}
