import { crc32 } from 'node:zlib';

/** What stands at the beginning of a segment of the log. */
export interface LogHeader {
  readonly number: number;
  /** Begins the checksum of every record, so that bytes of another segment are never taken for this one's. */
  readonly salt: number;
  /** Up to where the segment before counts: what was written there later has failed. 0 when there is no segment before. */
  readonly previousEnd: number;
}

export const LOG_HEADER_BYTES = 96;

const MAGIC = Buffer.from('atollog1');
const CHECKED_BYTES = 40;
const BOOT_BYTES = LOG_HEADER_BYTES - CHECKED_BYTES;

export function encodeLogHeader({ number, salt, previousEnd }: LogHeader, bootId: string): Buffer {
  const bytes = Buffer.alloc(LOG_HEADER_BYTES);
  MAGIC.copy(bytes, 4);
  bytes.writeUInt32LE(salt, 12);
  bytes.writeDoubleLE(number, 16);
  bytes.writeDoubleLE(previousEnd, 24);
  bytes.writeUInt32LE(crc32(bytes.subarray(4, CHECKED_BYTES)), 0);
  bytes.write(bootId.slice(0, BOOT_BYTES), CHECKED_BYTES, 'latin1');
  return bytes;
}

/** `undefined` when the segment was never written as far as that. */
export function decodeLogHeader(bytes: Buffer): LogHeader | undefined {
  if (bytes.length < LOG_HEADER_BYTES || !bytes.subarray(4, 12).equals(MAGIC)) return undefined;
  if (crc32(bytes.subarray(4, CHECKED_BYTES)) !== bytes.readUInt32LE(0)) return undefined;
  return { salt: bytes.readUInt32LE(12), number: bytes.readDoubleLE(16), previousEnd: bytes.readDoubleLE(24) };
}

/** The boot in which the segment was written; empty when the system does not say. */
export function bootOfLog(bytes: Buffer): string {
  return bytes.toString('latin1', CHECKED_BYTES, LOG_HEADER_BYTES).replace(/\0+$/, '');
}
