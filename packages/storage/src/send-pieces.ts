import type { PartTurns } from './part-turns.js';

/** Of one stream, so that it does not take the turns of all. */
const SENT_AT_ONCE = 4;

/**
 * Sends pieces of a stream as they come, each when its turn has come; who gathers them gives their memory away. Ends when none is on
 * its way any more, also where one has failed.
 * @throws what `send` throws, or the error of `pieces` as it is
 */
export async function sendPieces<T>(
  turns: PartTurns,
  pieces: AsyncIterable<Buffer>,
  send: (piece: Buffer, index: number) => Promise<T>,
): Promise<T[]> {
  const sent: Promise<T>[] = [];
  try {
    for await (const piece of pieces) {
      const index = sent.length;
      const { done } = await turns.begin(piece.length, () => send(piece, index));
      sent.push(done);
      if (sent.length >= SENT_AT_ONCE) await sent[sent.length - SENT_AT_ONCE];
    }
    return await Promise.all(sent);
  } finally {
    await Promise.allSettled(sent);
  }
}
