import type { CallOptions, Chunks } from './object-store.js';
import { StorageError } from './storage-error.js';
import { untilAborted } from './until-aborted.js';

/**
 * Gives `send` all bytes in one piece. Where their number is known and the first chunk holds them all, that chunk itself is sent: its
 * memory is ours until the next one is asked for. @throws StorageError 'corrupt' when there are more or fewer than that
 */
export async function sendWhole<T>(
  key: string,
  chunks: Chunks,
  { sizeBytes, signal }: CallOptions & { readonly sizeBytes: number | undefined },
  send: (bytes: Uint8Array) => Promise<T>,
): Promise<T> {
  const source = untilAborted(chunks, signal);
  try {
    const first = await source.next();
    const whole = !first.done && first.value.length === sizeBytes ? first.value : await gather(first, source);
    if (sizeBytes !== undefined && whole.length !== sizeBytes) throw wrongSize(key, sizeBytes);
    const answer = await send(whole);
    if (!(await source.next()).done) throw wrongSize(key, sizeBytes);
    return answer;
  } finally {
    await source.return();
  }
}

async function gather(first: IteratorResult<Uint8Array, void>, rest: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (first.done) return Buffer.alloc(0);
  const pieces = [Buffer.from(first.value)];
  for await (const chunk of rest) pieces.push(Buffer.from(chunk));
  return Buffer.concat(pieces);
}

function wrongSize(key: string, sizeBytes: number | undefined): StorageError {
  return new StorageError('corrupt', `a part of ${key} does not have the ${sizeBytes} bytes it was said to have`, {
    key,
  });
}
