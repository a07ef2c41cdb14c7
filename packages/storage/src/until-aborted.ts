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
  // One listener for all chunks, which knows only the one that is awaited: adding one for each costs as much as passing it on, and a
  // race against one long-lived promise would keep every chunk in memory until that settles.
  let fail: ((cause: Error) => void) | undefined;
  const abort = (): void => fail?.(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    for (;;) {
      const next = await new Promise<IteratorResult<Uint8Array, unknown>>((resolve, reject) => {
        fail = reject;
        iterator.next().then(resolve, reject);
      });
      signal.throwIfAborted();
      if (next.done) return;
      yield next.value;
      signal.throwIfAborted();
    }
  } finally {
    signal.removeEventListener('abort', abort);
    const ended = Promise.resolve(iterator.return?.()).catch(() => undefined);
    if (!signal.aborted) await ended;
  }
}
