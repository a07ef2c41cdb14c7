import type { IncomingMessage } from 'node:http';
import { readAtMost } from '@atoll/storage';
import type { z } from 'zod';
import { brokenBody } from './failure-of.js';
import { GcsFailure } from './gcs-failure.js';

/** An answer without bytes of an object is never this long. */
const MOST_BYTES = 16 * 1_048_576;

/** @throws GcsFailure when it ends early, or is longer than anyone would send */
export async function readText(answer: IncomingMessage): Promise<string> {
  return (await readAtMost(answer, MOST_BYTES, brokenBody)).toString();
}

/** Reads an answer that holds nothing of interest, so that its connection can be used again. */
export async function readNothing(answer: IncomingMessage): Promise<void> {
  await readAtMost(answer, MOST_BYTES, brokenBody);
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
