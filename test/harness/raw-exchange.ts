import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectSecurely } from 'node:tls';

/** A response byte by byte, nothing decoded. */
export interface RawAnswer {
  readonly status: number;
  /** Lines of the head after the first, as they came. */
  readonly lines: readonly string[];
  readonly body: Buffer;
}

const PATIENCE_MS = 30_000;

/**
 * Sends exactly `bytes` over a connection of its own and reads until the server closes it, so the request has to say
 * `Connection: close` unless the server is expected to close by itself.
 * @throws Error when the server answers nothing, or does not close in time
 */
export async function rawExchange(url: string, bytes: string | Uint8Array): Promise<RawAnswer> {
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, '');
  const to = { host, port: Number(port) || (secure ? 443 : 80) };
  const socket = secure ? connectSecurely({ ...to, servername: host }) : connect(to);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`the server did not close in ${PATIENCE_MS} ms`)));
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  await once(socket, 'close');
  return parse(Buffer.concat(chunks));
}

function parse(received: Buffer): RawAnswer {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) throw new Error(`no response, but: ${received.toString('latin1').slice(0, 300)}`);
  const [first = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n');
  return { status: Number(first.split(' ')[1]), lines, body: received.subarray(end + 4) };
}
