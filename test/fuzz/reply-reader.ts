/** One answer of the server, as it came over the wire. */
export interface Reply {
  readonly status: number;
  /** Status line and headers, without the empty line behind them. */
  readonly head: string;
  readonly body: Buffer;
}

/** Bytes that are no HTTP answer, or not framed as one. */
export class BrokenReply extends Error {
  override readonly name = 'BrokenReply';
}

const HEAD_END = Buffer.from('\r\n\r\n');
const STATUS_LINE = /^HTTP\/1\.1 ([1-5][0-9]{2}) [A-Za-z' -]+$/;
const HEADER_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t\x20-\x7e\x80-\xff]*$/;

/** Takes a connection's bytes apart. Interim answers (1xx) are left out. */
export class ReplyReader {
  #bytes: Buffer = Buffer.alloc(0);
  #head: { readonly text: string; readonly status: number; readonly bodyBytes: number } | undefined;

  /** Whether an answer has begun that is not complete. */
  get midway(): boolean {
    return this.#bytes.length > 0 || this.#head !== undefined;
  }

  push(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
  }

  /**
   * The next complete answer.
   * @param toHead whether it answers a HEAD request
   * @throws BrokenReply
   */
  next(toHead: boolean): Reply | undefined {
    for (;;) {
      const head = (this.#head ??= this.#readHead(toHead));
      if (head === undefined || this.#bytes.length < head.bodyBytes) return undefined;
      const body = this.#bytes.subarray(0, head.bodyBytes);
      this.#bytes = this.#bytes.subarray(head.bodyBytes);
      this.#head = undefined;
      if (head.status >= 200) return { status: head.status, head: head.text, body };
    }
  }

  #readHead(toHead: boolean): { text: string; status: number; bodyBytes: number } | undefined {
    const end = this.#bytes.indexOf(HEAD_END);
    if (end < 0) {
      if (this.#bytes.length > 65_536) throw new BrokenReply('a head that does not end');
      return undefined;
    }
    const text = this.#bytes.toString('latin1', 0, end);
    this.#bytes = this.#bytes.subarray(end + HEAD_END.length);
    const [statusLine = '', ...lines] = text.split('\r\n');
    const status = Number(STATUS_LINE.exec(statusLine)?.[1]);
    if (Number.isNaN(status)) throw new BrokenReply(`no status line: ${JSON.stringify(statusLine.slice(0, 200))}`);
    const stray = lines.find((line) => !HEADER_LINE.test(line));
    if (stray !== undefined) throw new BrokenReply(`no header: ${JSON.stringify(stray.slice(0, 200))}`);
    return { text, status, bodyBytes: bodyBytesOf(text, status, toHead) };
  }
}

/** The value of a header that may be there once. @throws BrokenReply when it is there twice */
export function headerOf(head: string, name: string): string | undefined {
  const lower = head.toLowerCase();
  const at = lower.indexOf(`\r\n${name}: `);
  if (at < 0) return undefined;
  if (lower.includes(`\r\n${name}: `, at + 1)) throw new BrokenReply(`the header ${name} twice`);
  const start = at + name.length + 4;
  const end = head.indexOf('\r\n', start);
  return head.slice(start, end < 0 ? undefined : end);
}

function bodyBytesOf(head: string, status: number, toHead: boolean): number {
  if (headerOf(head, 'transfer-encoding') !== undefined) throw new BrokenReply('an answer of unknown length');
  const length = headerOf(head, 'content-length');
  if (status < 200 || status === 204 || status === 304) return 0;
  if (length === undefined || !/^[0-9]+$/.test(length))
    throw new BrokenReply(`Content-Length ${length} on a ${status}`);
  // What is refused before it is a request has no id, and nobody knows then that it was to be a HEAD.
  return toHead && headerOf(head, 'x-request-id') !== undefined ? 0 : Number(length);
}
