import { createHash } from 'node:crypto';
import type { CallOptions, PartReceipt } from '@atoll/storage';
import type { S3Reader } from './s3-reader.js';

const MD5 = /^[0-9a-f]{32}$/;

/**
 * Whether the object at `key` was made of these very parts, as a completion whose answer was lost would have. On most servers its ETag is
 * a hash of theirs. Where it is something else, and theirs are hashes of their bytes, the object is read.
 */
export async function isMadeOf(
  reader: S3Reader,
  key: string,
  parts: readonly PartReceipt[],
  o: CallOptions,
): Promise<boolean> {
  const found = await reader.head(key, o);
  if (found?.sizeBytes !== sizeOf(parts) || !parts.every(({ tag }) => MD5.test(tag))) return false;
  return /^[0-9a-f]{32}-\d+$/.test(found.version)
    ? found.version === etagOfParts(parts)
    : holdsParts(reader, key, parts, o);
}

export function sizeOf(parts: readonly PartReceipt[]): number {
  return parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function etagOfParts(parts: readonly PartReceipt[]): string {
  const hash = createHash('md5');
  for (const { tag } of parts) hash.update(Buffer.from(tag, 'hex'));
  return `${hash.digest('hex')}-${parts.length}`;
}

async function holdsParts(
  reader: S3Reader,
  key: string,
  parts: readonly PartReceipt[],
  o: CallOptions,
): Promise<boolean> {
  let start = 0;
  for (const { sizeBytes, tag } of parts) {
    const end = start + sizeBytes;
    const opened = await reader.open(key, { start, end, ...o });
    if (opened === undefined) return false;
    const hash = createHash('md5');
    for await (const chunk of opened.body as AsyncIterable<Buffer>) hash.update(chunk);
    if (hash.digest('hex') !== tag) return false;
    start = end;
  }
  return true;
}
