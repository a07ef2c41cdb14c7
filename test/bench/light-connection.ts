import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

const BUFFER_BYTES = 64 * 1024;
const HEAD_END = '\r\n\r\n';
const LAST_CHUNK = '0\r\n\r\n';

export interface LightAnswer {
  readonly status: number;
  readonly location: string;
}

interface Waiting {
  readonly bodyless: boolean;
  readonly resolve: (answer: LightAnswer) => void;
  readonly reject: (cause: unknown) => void;
}

/**
 * One connection that stays open and has one request under way at a time. It looks at the status and the Location and counts the
 * rest, so that it costs a fraction of what a whole client does.
 */
export class LightConnection {
  readonly #socket: Socket;
  readonly #host: string;
  #waiting: Waiting | undefined;
  #head = '';
  #answer: LightAnswer | undefined;
  /** Bytes of the body still to come; undefined while the body is chunked. */
  #left: number | undefined = 0;

  private constructor(url: URL) {
    this.#host = url.host;
    const onread = {
      buffer: Buffer.alloc(BUFFER_BYTES),
      callback: (bytes: number, buffer: Uint8Array): boolean => {
        this.#take(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
        return true;
      },
    };
    this.#socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true, onread });
    this.#socket.on('error', (cause) => this.#fail(cause));
    this.#socket.on('close', () => this.#fail(new Error('the connection was closed before the answer')));
  }

  /** @throws Error when nobody listens there */
  static async open(url: string): Promise<LightConnection> {
    const connection = new LightConnection(new URL(url));
    await once(connection.#socket, 'connect');
    return connection;
  }

  /** Sends one request and answers when its answer is whole. `target` is a path or a whole URL of the same server. */
  ask(method: string, target: string, headers = '', body?: Buffer): Promise<LightAnswer> {
    const path = target.startsWith('/') ? target : target.slice(target.indexOf('/', 'https://'.length));
    const length = body !== undefined || method === 'POST' || method === 'PUT' ? lengthHeader(body) : '';
    const head = `${method} ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n${length}${headers}\r\n`;
    return new Promise((resolve, reject) => {
      this.#waiting = { bodyless: method === 'HEAD', resolve, reject };
      this.#socket.write(body === undefined ? head : Buffer.concat([Buffer.from(head, 'latin1'), body]));
    });
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    if (this.#answer !== undefined) return this.#countBody(bytes.length, bytes);
    this.#head += bytes.toString('latin1');
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) return;
    const rest = this.#head.length - end - HEAD_END.length;
    const head = this.#head.slice(0, end + 2);
    this.#head = '';
    const status = Number(head.slice(9, 12));
    this.#answer = { status, location: /\r\nlocation: *([^\r]+)/i.exec(head)?.[1] ?? '' };
    const bodyless = this.#waiting?.bodyless === true || status === 204;
    this.#left = bodyless ? 0 : lengthOf(head);
    this.#countBody(rest, bytes.subarray(bytes.length - rest));
  }

  #countBody(count: number, bytes: Buffer): void {
    if (this.#left === undefined) {
      if (!bytes.toString('latin1').endsWith(LAST_CHUNK)) return;
    } else {
      this.#left -= count;
      if (this.#left > 0) return;
    }
    const [waiting, answer] = [this.#waiting, this.#answer];
    this.#waiting = undefined;
    this.#answer = undefined;
    if (answer !== undefined) waiting?.resolve(answer);
  }

  #fail(cause: unknown): void {
    this.#waiting?.reject(cause);
    this.#waiting = undefined;
  }
}

function lengthHeader(body: Buffer | undefined): string {
  return `Content-Length: ${body?.length ?? 0}\r\n`;
}

/** undefined where the body comes in chunks. */
function lengthOf(head: string): number | undefined {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  return length === undefined ? undefined : Number(length);
}
