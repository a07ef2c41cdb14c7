import { connect } from 'node:net';

const BUFFER_BYTES = 1024 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * A GET that costs its process little more than the system calls: one connection, one buffer that is read into again and again.
 * Answers how many bytes the body had. @throws Error when the status is not 200 or the connection ends early
 */
export function lightGet(url: URL, onBody: (bytes: Uint8Array) => void = () => undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    let expected: number | undefined;
    let received = 0;
    const body = (bytes: Uint8Array): void => {
      received += bytes.length;
      onBody(bytes);
      if (received === expected) socket.destroy();
    };
    const take = (bytes: Buffer): void => {
      if (expected !== undefined) return body(bytes);
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf(HEAD_END);
      if (end < 0) return;
      expected = lengthOf(head.subarray(0, end).toString('latin1'));
      body(head.subarray(end + HEAD_END.length));
    };
    const onread = {
      buffer: Buffer.alloc(BUFFER_BYTES),
      callback: (bytes: number, buffer: Uint8Array): boolean => {
        try {
          take(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
        } catch (cause) {
          socket.destroy(cause instanceof Error ? cause : new Error(String(cause)));
        }
        return true;
      },
    };
    const socket = connect({ host: url.hostname, port: Number(url.port), onread });
    socket.on('error', reject).on('close', () => {
      if (received === expected) resolve(received);
      else reject(new Error(`${url.href} ended after ${received} of ${expected ?? 'unknown'} bytes`));
    });
    socket.write(`GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`);
  });
}

function lengthOf(head: string): number {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (!head.startsWith('HTTP/1.1 200 ') || length === undefined) throw new Error(head.split('\r\n')[0]);
  return Number(length);
}
