import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface WireReply {
  readonly status: number;
  /** Lower-case names; a header that came twice has both values, by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A TCP connection that says exactly what a test wants said, and reads what comes back byte by byte. */
export class Wire {
  #received = Buffer.alloc(0);
  #ended = false;
  #changed: () => void = () => undefined;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#changed();
    });
    const ended = (): void => {
      this.#ended = true;
      this.#changed();
    };
    socket.on('end', ended).on('close', ended).on('error', ended);
  }

  static async to(port: number): Promise<Wire> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new Wire(socket);
  }

  /** Lines end as HTTP wants them, so tests may write plain ones. */
  head(...lines: readonly string[]): this {
    this.socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
    return this;
  }

  send(bytes: string | Uint8Array): this {
    this.socket.write(bytes);
    return this;
  }

  /** The next reply. @throws Error when the connection ends before */
  async reply(o: { readonly toHead?: boolean } = {}): Promise<WireReply> {
    const headEnd = await this.#until(() => this.#received.indexOf('\r\n\r\n'));
    const [statusLine = '', ...lines] = this.#received.subarray(0, headEnd).toString('latin1').split('\r\n');
    const status = Number(statusLine.split(' ')[1]);
    const headers = headersOf(lines);
    const bodyless = o.toHead || status < 200 || status === 204 || status === 304;
    const length = bodyless ? 0 : Number(headers['content-length'] ?? NaN);
    if (Number.isNaN(length)) throw new Error(`a reply without Content-Length:\n${lines.join('\n')}`);
    const end = headEnd + 4 + length;
    await this.#until(() => (this.#received.length >= end ? end : -1));
    const body = this.#received.subarray(headEnd + 4, end);
    this.#received = this.#received.subarray(end);
    return { status, headers, body };
  }

  /** Everything until the other side closes. */
  async rest(): Promise<string> {
    await this.#until(() => (this.#ended ? 0 : -1), true);
    return this.#received.toString('latin1');
  }

  close(): void {
    this.socket.destroy();
  }

  async #until(found: () => number, endIsFine = false): Promise<number> {
    for (;;) {
      const at = found();
      if (at >= 0) return at;
      if (this.#ended && !endIsFine)
        throw new Error(`the connection ended after: ${this.#received.toString('latin1')}`);
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }
}

function headersOf(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return headers;
}
