import { expect, test } from '@jest/globals';
import { MemoryStore, type MemoryStoreOptions } from './memory-store.js';
import { describeObjectStore } from './testing/index.js';
import { inPieces, sample } from './testing/samples.js';

const STRICT_PARTS = { minBytes: 8, maxCount: 10_000, equal: true, streamed: false };

const kinds: [string, MemoryStoreOptions][] = [
  ['MemoryStore', {}],
  ['MemoryStore with strict parts', { parts: STRICT_PARTS }],
  ['MemoryStore without conditional delete', { conditionalDelete: false }],
];

for (const [name, options] of kinds) {
  describeObjectStore(name, async () => {
    const store = new MemoryStore(options);
    return { store, peer: new MemoryStore(), close: () => store.close() };
  });
}

test.each([
  { sizes: [7, 3], what: 'a part before the last that is too small' },
  { sizes: [9, 8, 3], what: 'parts of different sizes' },
  { sizes: [8, 9], what: 'a last part larger than the others' },
])('strict parts refuse $what', async ({ sizes }) => {
  const store = new MemoryStore({ parts: STRICT_PARTS });
  const upload = await store.beginData('d/a');
  const receipts = [];
  let offsetBytes = 0;
  for (const [index, size] of sizes.entries()) {
    receipts.push(
      await store.writePart('d/a', upload, { number: index + 1, offsetBytes }, inPieces(sample(size), size)),
    );
    offsetBytes += size;
  }
  await expect(store.completeData('d/a', upload, receipts)).rejects.toMatchObject({ kind: 'corrupt' });
});

test('completing with the receipt of a part that was written again since is refused', async () => {
  const store = new MemoryStore();
  const upload = await store.beginData('d/a');
  const part = { number: 1, offsetBytes: 0 };
  const stale = await store.writePart('d/a', upload, part, inPieces(sample(9, 'one'), 9));
  await store.writePart('d/a', upload, part, inPieces(sample(9, 'two'), 9));
  await expect(store.completeData('d/a', upload, [stale])).rejects.toMatchObject({ kind: 'corrupt' });
});

test.each(['x/a/b', 'x', '', 'y//z', '/y'])('the key %j beside x/a is refused', async (key) => {
  const store = new MemoryStore();
  await store.put('x/a', Buffer.of(1), { blind: true });
  await expect(store.put(key, Buffer.of(1), { blind: true })).rejects.toMatchObject({ kind: 'invalid-key' });
});
