import { expect, test } from '@jest/globals';
import { cutInto } from './cut-into.js';
import { inPieces, readAll, sample, thenWaits } from './testing/samples.js';

test.each([1, 7, 1_000, 70_000, 500_000])(
  'chunks of %i bytes become pieces of the wanted sizes',
  async (chunkBytes) => {
    const bytes = sample(500_000);
    const pieces: Buffer[] = [];
    const sizeAt = (offsetBytes: number) => (offsetBytes < 200_000 ? 100_000 : 150_000);
    for await (const piece of cutInto(inPieces(bytes, chunkBytes), sizeAt, undefined)) pieces.push(piece);
    expect(pieces.map(({ length }) => length)).toEqual([100_000, 100_000, 150_000, 150_000]);
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
  },
);

test('the last piece is what is left, and there is none of nothing', async () => {
  const pieces: number[] = [];
  for await (const piece of cutInto(inPieces(sample(25), 9), () => 10, undefined)) pieces.push(piece.length);
  expect(pieces).toEqual([10, 10, 5]);
  expect(await readAll(cutInto(inPieces(sample(0), 1), () => 10, undefined))).toHaveLength(0);
});

test('pieces do not change when the source uses its memory again', async () => {
  async function* lent(): AsyncGenerator<Uint8Array> {
    const memory = Buffer.alloc(4);
    for (const letter of 'abcdef') yield memory.fill(letter);
  }
  const pieces: Buffer[] = [];
  for await (const piece of cutInto(lent(), () => 10, undefined)) pieces.push(piece);
  expect(pieces.map(String)).toEqual(['aaaabbbbcc', 'ccddddeeee', 'ffff']);
});

test('a source that waits is given up when the signal aborts', async () => {
  const reason = new Error('enough');
  const controller = new AbortController();
  const pieces = cutInto(
    thenWaits(sample(5), () => controller.abort(reason)),
    () => 10,
    controller.signal,
  );
  await expect(pieces.next()).rejects.toBe(reason);
});
