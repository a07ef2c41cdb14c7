import { expect, test } from '@jest/globals';
import { canLend } from '../lending-body.js';
import { expectData, expectNothing } from './data-objects.js';
import type { Subject } from './describe-object-store.js';
import { inPieces, lent, sample, thenWaits } from './samples.js';

export function dataTests(subject: Subject): void {
  test.each([
    { sizeBytes: 0, pieceBytes: 1, what: 'no bytes' },
    { sizeBytes: 1, pieceBytes: 1, what: 'one byte' },
    { sizeBytes: 3_000_001, pieceBytes: 65_536, what: 'pieces of a socket' },
    { sizeBytes: 20_000, pieceBytes: 7, what: 'many small pieces' },
    { sizeBytes: 9_000_000, pieceBytes: 9_000_000, what: 'one large piece' },
  ])('a data object of $what is written in one stream', async ({ sizeBytes, pieceBytes }) => {
    const { store } = subject();
    const bytes = sample(sizeBytes);
    expect(await store.putData('d/one', inPieces(bytes, pieceBytes))).toEqual({ sizeBytes });
    await expectData(store, 'd/one', bytes);
  });

  test('the source of a stream may use the memory of a chunk again when it is asked for the next one', async () => {
    const { store } = subject();
    const bytes = sample(2_500_000);
    await store.putData('d/lent', lent(bytes, 65_536));
    await expectData(store, 'd/lent', bytes);
  });

  test('a body that lends hands over the same bytes, in whatever pieces', async () => {
    const { store } = subject();
    const bytes = sample(3_000_001);
    await store.putData('d/lending', inPieces(bytes, 500_000));
    for (const range of [{}, { start: 5 }, { start: 1_048_576, end: 2_500_000 }, { start: 7, end: 8 }]) {
      const body = (await store.open('d/lending', range))?.body;
      if (body === undefined || !canLend(body)) {
        body?.destroy();
        continue;
      }
      const taken: Buffer[] = [];
      await body.lend(async (piece) => void taken.push(Buffer.from(piece)));
      expect(Buffer.concat(taken).equals(bytes.subarray(range.start ?? 0, range.end))).toBe(true);
      expect(body.destroyed).toBe(true);
    }
  });

  test('a stream that fails leaves nothing to be seen, and its own error', async () => {
    const { store } = subject();
    const fault = new Error('the client went away');
    await expect(store.putData('d/failed', inPieces(sample(2_500_000), 65_536, fault))).rejects.toBe(fault);
    await expectNothing(store, 'd/failed');
  });

  test('a stream that is aborted while it waits leaves nothing to be seen', async () => {
    const { store } = subject();
    const controller = new AbortController();
    const reason = new Error('enough');
    const chunks = thenWaits(sample(1_500_000), () => controller.abort(reason));
    await expect(store.putData('d/aborted', chunks, { signal: controller.signal })).rejects.toBe(reason);
    await expectNothing(store, 'd/aborted');
  });

  test('a data object is deleted like any other', async () => {
    const { store } = subject();
    await store.putData('d/one', inPieces(sample(10), 10));
    expect(await store.delete('d/one', { blind: true })).toBe('deleted');
    await expectNothing(store, 'd/one');
  });
}
