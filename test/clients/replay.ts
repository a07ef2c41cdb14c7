import { headerOf, type Answer } from '../harness/wire.js';
import type { Content } from '../harness/images.js';
import type { RawAnswer } from '../harness/raw-exchange.js';
import type { RegistryUnderTest } from '../conformance/registry-under-test.js';

export const OCTETS = { 'Content-Type': 'application/octet-stream' };

/** A body of unknown length, as clients send that stream: RFC 9112, 7.1. */
function chunkedBody(bytes: Uint8Array): Buffer {
  const half = Math.ceil(bytes.length / 2);
  const pieces = [bytes.subarray(0, half), bytes.subarray(half)].filter((piece) => piece.length > 0);
  const chunks = pieces.flatMap((piece) => [
    Buffer.from(`${piece.length.toString(16)}\r\n`),
    piece,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]);
}

/** Sends a body without telling its length. */
export function sendChunked(
  registry: RegistryUnderTest,
  method: string,
  target: string,
  bytes: Uint8Array,
  contentType = 'application/octet-stream',
): Promise<RawAnswer> {
  const lines = [`${method} ${target} HTTP/1.1`, `Content-Type: ${contentType}`, 'Transfer-Encoding: chunked'];
  return registry.say(lines, chunkedBody(bytes));
}

/** Every value of a header of a raw answer. */
export function linesOf({ lines }: RawAnswer, name: string): string[] {
  const wanted = `${name.toLowerCase()}:`;
  return lines.filter((line) => line.toLowerCase().startsWith(wanted)).map((line) => line.slice(wanted.length).trim());
}

export function locationOf(answer: Answer): string {
  return headerOf(answer, 'Location');
}

/** The bytes [start, end) of a blob, and what the answer must say of them: RFC 9110, 14.4. */
export function partOf({ bytes }: Content, start: number, end: number): { part: Buffer; contentRange: string } {
  return { part: bytes.subarray(start, end), contentRange: `bytes ${start}-${end - 1}/${bytes.length}` };
}
