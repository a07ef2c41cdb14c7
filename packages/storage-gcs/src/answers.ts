import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import { failureOf } from './failure-of.js';
import { GcsFailure } from './gcs-failure.js';

/** An answer without bytes of an object is never this long. */
const MOST_BYTES = 16 * 1_048_576;

/** All of a body. @throws GcsFailure when it ends early, or is longer than anyone would send */
export async function readWhole(source: Readable, sizeBytes?: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let receivedBytes = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      receivedBytes += chunk.length;
      if (receivedBytes > (sizeBytes ?? MOST_BYTES)) throw new GcsFailure('lost', 'AnswerTooLong');
    }
  } catch (cause) {
    throw failureOf(cause) ?? new GcsFailure('lost', 'CutBody');
  }
  if (sizeBytes !== undefined && receivedBytes !== sizeBytes) throw new GcsFailure('lost', 'CutBody');
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

export async function readText(answer: IncomingMessage): Promise<string> {
  return (await readWhole(answer)).toString();
}

/** Reads an answer that holds nothing of interest, so that its connection can be used again. */
export async function readNothing(answer: IncomingMessage): Promise<void> {
  await readWhole(answer);
}

/** An answer of the JSON interface. What cannot be read was cut, or comes from another kind of server. */
export function readJson<T>(schema: z.ZodType<T>): (answer: IncomingMessage) => Promise<T> {
  return async (answer) => {
    const text = await readText(answer);
    try {
      return schema.parse(JSON.parse(text));
    } catch {
      throw new GcsFailure('lost', 'UnreadableAnswer');
    }
  };
}
