import { createHash } from 'node:crypto';

export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64');
}

/** RFC 3720, appendix B.4; as Cloud Storage writes it. */
export function crc32cOf(bytes: Uint8Array): string {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
  const text = Buffer.alloc(4);
  text.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
  return text.toString('base64');
}

/** Asked for once, as it takes a while for a large object. */
export function lazily(make: () => string): () => string {
  let made: string | undefined;
  return () => (made ??= make());
}

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});
