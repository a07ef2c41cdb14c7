import type { Chunks } from './object-store.js';

/**
 * The same chunks, ending with the signal's reason as soon as it aborts, even while the source keeps its next chunk waiting.
 * A source that waits is told to end but not waited for.
 */
export async function* untilAborted(chunks: Chunks, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  if (signal === undefined) {
    yield* chunks;
    return;
  }
  signal.throwIfAborted();
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      // One listener per chunk: a race against one long-lived promise would keep every chunk in memory until that settles.
      const next = await orAbort(iterator.next(), signal);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    const ended = Promise.resolve(iterator.return?.()).catch(() => undefined);
    if (!signal.aborted) await ended;
  }
}

function orAbort<T>(pending: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', fail, { once: true });
    pending.then(resolve, reject).finally(() => signal.removeEventListener('abort', fail));
    if (signal.aborted) fail();
  });
}
