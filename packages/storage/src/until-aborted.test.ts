import { describe, expect, test } from '@jest/globals';
import { untilAborted } from './until-aborted.js';

async function* three(ended: () => void) {
  try {
    for (const n of [1, 2, 3]) yield Buffer.of(n);
  } finally {
    ended();
  }
}

describe('untilAborted', () => {
  test('passes every chunk on when nothing aborts', async () => {
    const { signal } = new AbortController();
    const all: Uint8Array[] = [];
    for await (const chunk of untilAborted(
      three(() => undefined),
      signal,
    )) {
      all.push(chunk);
    }
    expect(Buffer.concat(all)).toEqual(Buffer.of(1, 2, 3));
  });

  test('ends at once when the signal aborts while the source waits', async () => {
    const controller = new AbortController();
    const waiting = untilAborted(never(), controller.signal).next();
    controller.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
  });

  test('does not touch the source when the signal has aborted before', async () => {
    await expect(untilAborted(never(), AbortSignal.abort(new Error('early'))).next()).rejects.toThrow('early');
  });

  test('ends the source when its reader stops early', async () => {
    let ended = false;
    for await (const _ of untilAborted(
      three(() => (ended = true)),
      new AbortController().signal,
    )) {
      break;
    }
    expect(ended).toBe(true);
  });
});

async function* never(): AsyncGenerator<Uint8Array> {
  await new Promise(() => undefined);
  yield Buffer.alloc(0);
}
