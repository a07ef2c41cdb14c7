import type { Readable } from 'node:stream';

/** All of a stream that has so many bytes. @throws what the stream does, or `wrongSize()` when it has more or fewer */
export async function readExactly(source: Readable, sizeBytes: number, wrongSize: () => Error): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let receivedBytes = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    receivedBytes += chunk.length;
  }
  if (receivedBytes !== sizeBytes) throw wrongSize();
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}
