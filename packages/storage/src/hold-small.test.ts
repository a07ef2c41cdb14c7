import { expect, test } from '@jest/globals';
import { holdSmall } from './hold-small.js';

/** Chunks in one memory that is used again. */
async function* source(text: string, ended = (): void => undefined): AsyncGenerator<Uint8Array> {
  const memory = Buffer.alloc(1);
  try {
    for (const letter of text) {
      memory.write(letter);
      yield memory;
    }
  } finally {
    ended();
  }
}

test.each(['', 'a', 'abc'])('few bytes are held: %p', async (text) => {
  expect((await holdSmall(source(text), 3)).small?.toString()).toBe(text);
});

test('where there are more, all of them come in order', async () => {
  const held = await holdSmall(source('abcdef'), 3);
  const chunks: string[] = [];
  if (held.small === undefined) for await (const chunk of held.all) chunks.push(String(chunk));
  expect(chunks.join('')).toBe('abcdef');
});

test('a source whose bytes nobody wants any more is let go of', async () => {
  let ended = false;
  const held = await holdSmall(
    source('abcdef', () => (ended = true)),
    3,
  );
  expect(ended).toBe(false);
  if (held.small === undefined) await held.end();
  expect(ended).toBe(true);
});
