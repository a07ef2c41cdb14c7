import type { Readable } from 'node:stream';

/** What a body means that broke off for a cause, or that has another size than it should. */
export type BrokenBody = (cause?: unknown) => Error;

/** All of a stream that has so many bytes. @throws what `broken` says when it breaks off, or has more or fewer */
export async function readExactly(source: Readable, sizeBytes: number, broken: BrokenBody): Promise<Buffer> {
  const bytes = await readAtMost(source, sizeBytes, broken);
  if (bytes.length < sizeBytes) throw broken();
  return bytes;
}

/** All of a stream that has no more than so many bytes. @throws what `broken` says when it breaks off, or has more */
export async function readAtMost(source: Readable, mostBytes: number, broken: BrokenBody): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let receivedBytes = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      receivedBytes += chunk.length;
      if (receivedBytes > mostBytes) break;
    }
  } catch (cause) {
    throw broken(cause);
  }
  if (receivedBytes > mostBytes) throw broken();
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}
