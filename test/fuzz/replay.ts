import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { Connection, Fault, type Step, type Target } from './connection.js';
import type { Found } from './lane.js';
import { headerOf } from './reply-reader.js';

const Recording = z.object({
  seed: z.number(),
  episode: z.number(),
  fault: z.string(),
  steps: z.array(
    z.object({
      then: z.enum(['answered', 'half', 'cut', 'quiet']),
      asks: z.array(
        z.object({
          id: z.string().exactOptional(),
          toHead: z.boolean().exactOptional(),
          wanted: z.array(z.number()).exactOptional(),
        }),
      ),
      hex: z.string(),
      text: z.string(),
    }),
  ),
});

const UPLOAD = /\/v2\/[^ \r\n?]+\/blobs\/uploads\/[0-9a-f]{32}\.[^ \r\n?]+/g;

/** What was sent on a connection until it went wrong, in a form that people read and {@link replay} takes. */
export function record(file: string, seed: number, { episode, what, sent }: Found): void {
  const steps = sent.map(({ then, asks, bytes }) => ({
    then,
    asks: asks.map(({ body: _body, ...ask }) => ask),
    hex: bytes.toString('hex'),
    text: bytes.toString('latin1'),
  }));
  writeFileSync(file, `${JSON.stringify({ seed, episode, fault: what, steps }, undefined, 2)}\n`);
}

/**
 * Says the same again. Addresses of uploads are made up by the server, so those of the recording stand for those given out now, in
 * their order. The answer is the fault, if there is one again.
 */
export async function replay(file: string, target: Target): Promise<string | undefined> {
  const { steps } = Recording.parse(JSON.parse(readFileSync(file, 'utf8')));
  const connection = new Connection(target, new Map());
  const given: string[] = [];
  const known = new Map<string, string>();
  try {
    for (const { hex, asks, then } of steps) {
      const text = Buffer.from(hex, 'hex')
        .toString('latin1')
        .replace(UPLOAD, (old) => known.get(old) ?? learn(known, old, given));
      const step: Step = { bytes: Buffer.from(text, 'latin1'), asks, then };
      for (const { head } of await connection.send(step)) {
        const location = headerOf(head, 'location');
        if (location?.includes('/blobs/uploads/')) given.push(location);
      }
    }
    return undefined;
  } catch (cause) {
    if (cause instanceof Fault) return cause.message;
    throw cause;
  } finally {
    connection.close();
  }
}

/** The latest upload that was given out, and that stands for none yet. */
function learn(known: Map<string, string>, old: string, given: string[]): string {
  const fresh = given.findLast((location) => ![...known.values()].includes(location));
  if (fresh === undefined) return old;
  known.set(old, fresh);
  return fresh;
}
