import { crc32 } from 'node:zlib';

/** One change of the log. Only a put has a body. */
export interface LogRecord {
  readonly kind: 'put' | 'delete' | 'void';
  /** Counts all records of one process, from one segment to the next. */
  readonly sequence: number;
  /** Of a void, the sequence of the record that never happened; otherwise the time that the change belongs to, in microseconds. */
  readonly number: number;
  readonly key: string;
  readonly body: Uint8Array;
}

const KINDS = ['put', 'delete', 'void'] as const;
const HEADER_BYTES = 32;
const EMPTY = new Uint8Array(0);

/**
 * A record as it is written: a checksum of all that follows, begun with the segment's salt, the lengths, the kind, both numbers, the
 * key and the body. The body is not copied.
 */
export function encodeRecord({ kind, sequence, number, key, body }: LogRecord, salt: number): Uint8Array[] {
  const head = Buffer.alloc(HEADER_BYTES + key.length);
  head.writeUInt32LE(body.length, 4);
  head.writeUInt16LE(key.length, 8);
  head.writeUInt8(KINDS.indexOf(kind), 10);
  head.writeDoubleLE(sequence, 16);
  head.writeDoubleLE(number, 24);
  head.write(key, HEADER_BYTES, 'latin1');
  head.writeUInt32LE(crc32(body, crc32(head.subarray(4), salt)), 0);
  return body.length === 0 ? [head] : [head, body];
}

/** The record at an offset and where the next one begins; `undefined` where there is none, or only a part of one. */
export function decodeRecord(
  bytes: Buffer,
  at: number,
  salt: number,
): { readonly record: LogRecord; readonly end: number } | undefined {
  if (at + HEADER_BYTES > bytes.length) return undefined;
  const bodyAt = at + HEADER_BYTES + bytes.readUInt16LE(at + 8);
  const end = bodyAt + bytes.readUInt32LE(at + 4);
  const kind = KINDS[bytes.readUInt8(at + 10)];
  // Zeros were written ahead; a change has a key, so that they are no record whatever the salt.
  if (end > bytes.length || kind === undefined || (bodyAt === at + HEADER_BYTES && kind !== 'void')) return undefined;
  if (crc32(bytes.subarray(at + 4, end), salt) !== bytes.readUInt32LE(at)) return undefined;
  const key = bytes.toString('latin1', at + HEADER_BYTES, bodyAt);
  const body = end === bodyAt ? EMPTY : bytes.subarray(bodyAt, end);
  const sequence = bytes.readDoubleLE(at + 16);
  return { record: { kind, sequence, number: bytes.readDoubleLE(at + 24), key, body }, end };
}
