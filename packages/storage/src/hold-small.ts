import type { CallOptions, Chunks } from './object-store.js';
import { startingWith } from './starting-with.js';
import { untilAborted } from './until-aborted.js';

/** All bytes, when there are few of them; otherwise all of them as chunks. `end` lets go of the source, read or not. */
export type HeldData =
  | { readonly small: Buffer }
  | { readonly small?: undefined; readonly all: Chunks; readonly end: () => Promise<unknown> };

/** Reads a stream as far as it takes to know whether it holds more than so many bytes. */
export async function holdSmall(chunks: Chunks, limitBytes: number, { signal }: CallOptions = {}): Promise<HeldData> {
  const iterator = untilAborted(chunks, signal);
  const held: Buffer[] = [];
  let heldBytes = 0;
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    if (heldBytes + next.value.length > limitBytes) {
      return { all: startingWith([...held, next.value], iterator), end: () => iterator.return() };
    }
    // A copy: the source may use the memory again.
    held.push(Buffer.from(next.value));
    heldBytes += next.value.length;
  }
  return { small: Buffer.concat(held) };
}
