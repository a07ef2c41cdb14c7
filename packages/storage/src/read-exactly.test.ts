import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { readAtMost, readExactly } from './read-exactly.js';

const BROKEN = new Error('broken');

function broken(cause?: unknown): Error {
  return cause === undefined ? BROKEN : new Error('broken off', { cause });
}

function streamOf(...pieces: readonly string[]): Readable {
  return Readable.from(pieces.map((piece) => Buffer.from(piece)));
}

test('a stream of the size that was told is read whole', async () => {
  expect((await readExactly(streamOf('hel', 'lo'), 5, broken)).toString()).toBe('hello');
  expect(await readExactly(streamOf(), 0, broken)).toHaveLength(0);
});

test.each([4, 6])('a stream of 5 bytes is broken where %d were told', async (sizeBytes) => {
  await expect(readExactly(streamOf('hel', 'lo'), sizeBytes, broken)).rejects.toBe(BROKEN);
});

test('a stream may be shorter than the most, and is not read on behind it', async () => {
  expect((await readAtMost(streamOf('hel', 'lo'), 6, broken)).toString()).toBe('hello');
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.from('a');
    })(),
  );
  await expect(readAtMost(endless, 6, broken)).rejects.toBe(BROKEN);
  expect(endless.destroyed).toBe(true);
});

test('a stream that breaks off is told with its cause', async () => {
  const cause = new Error('reset');
  const source = new Readable({ read: () => undefined });
  source.destroy(cause);
  await expect(readAtMost(source, 6, broken)).rejects.toMatchObject({ message: 'broken off', cause });
});
