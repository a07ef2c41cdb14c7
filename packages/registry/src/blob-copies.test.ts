import { expect, test } from '@jest/globals';
import { parseRepositoryName } from '@atoll/core';
import { countCalls, MemoryStore, type Chunks } from '@atoll/storage';
import type { BlobSource } from './blob-copies.js';
import {
  broken,
  chunks,
  dataPrefix,
  keysUnder,
  openReplicas,
  pull,
  REPOSITORY,
  sampleBlob,
} from './testing/replicas.js';

const OTHER = parseRepositoryName('other/app');
const { bytes, digest } = sampleBlob(40);

/** A blob whose bucket cannot be copied from. */
function streamed(body: Chunks): BlobSource {
  return { place: async () => undefined, chunks: () => body };
}

const unasked: BlobSource = {
  place: () => Promise.reject(new Error('asked where it is')),
  chunks: () => broken(),
};

/** A blob in another bucket of the same kind; `reads` counts what is read of it. */
async function peerWithBlob(recordedBytes = 40) {
  const memory = new MemoryStore({ name: 'peer' });
  await memory.putData('d/there', chunks(bytes));
  const reads = countCalls(memory);
  const location = { digest, sizeBytes: recordedBytes, dataKey: 'd/there' };
  const source: BlobSource = {
    place: async () => ({ store: reads.store, location }),
    async *chunks() {
      yield (await reads.store.get('d/there'))?.body ?? Buffer.alloc(0);
    },
  };
  return { source, reads, memory };
}

test('a copy from another region is stored once, and only if it is what it should be', async () => {
  const { start, memory, counter } = openReplicas();
  const { blobs } = start();
  for (const [body, code] of [
    [chunks('wrong'), 'SIZE_INVALID'],
    [chunks(bytes, 'x'), 'SIZE_INVALID'],
    [chunks(Buffer.alloc(40)), 'DIGEST_INVALID'],
  ] as const) {
    await expect(blobs.copyIn(REPOSITORY, digest, 40, streamed(body))).rejects.toMatchObject({ code });
  }
  await expect(blobs.copyIn(REPOSITORY, digest, 40, streamed(broken(bytes)))).rejects.toThrow('connection reset');
  expect(await keysUnder(memory, '')).toEqual([]);
  counter.reset();
  await blobs.copyIn(REPOSITORY, digest, 40, streamed(chunks(bytes)));
  expect(counter.calls()).toEqual({ get: 1, put: 3 });
  await blobs.copyIn(OTHER, digest, 40, unasked);
  expect(await pull(memory, digest, OTHER)).toEqual(bytes);
});

test('a blob in a bucket that can be copied from moves no byte through the process', async () => {
  const { start, memory, counter } = openReplicas();
  const { blobs } = start();
  const { source, reads } = await peerWithBlob();
  await blobs.copyIn(REPOSITORY, digest, 40, source);
  expect(reads.calls()).toEqual({});
  expect(counter.calls()).toEqual({ get: 1, copyFrom: 1, put: 2 });
  expect(await pull(memory, digest)).toEqual(bytes);
  await blobs.copyIn(OTHER, digest, 40, unasked);
  expect(await keysUnder(memory, dataPrefix)).toHaveLength(1);
});

test('a blob whose record there tells another size than the manifest is read, and refused', async () => {
  const { start, memory, counter } = openReplicas();
  const { blobs } = start();
  const { source } = await peerWithBlob();
  await expect(blobs.copyIn(REPOSITORY, digest, 41, source)).rejects.toMatchObject({ code: 'SIZE_INVALID' });
  expect(counter.calls().copyFrom).toBeUndefined();
  expect(await keysUnder(memory, '')).toEqual([]);
});

test('a data object there that is not as long as its record says does not come in', async () => {
  const { start, memory } = openReplicas();
  const { blobs } = start();
  const { source } = await peerWithBlob(41);
  await expect(blobs.copyIn(REPOSITORY, digest, 41, source)).rejects.toMatchObject({ kind: 'corrupt' });
  expect(await keysUnder(memory, '')).toEqual([]);
});

test('a copy of another size than was said is removed, and the blob is read', async () => {
  const { start, memory, counter } = openReplicas({
    wrap: (store) => ({
      ...store,
      copyFrom: async (_source, _sourceKey, key) => store.putData(key, chunks('short')),
    }),
  });
  const { source } = await peerWithBlob();
  await start().blobs.copyIn(REPOSITORY, digest, 40, source);
  expect(counter.calls()).toMatchObject({ copyFrom: 1, delete: 1, put: 3 });
  expect(await pull(memory, digest)).toEqual(bytes);
  expect(await keysUnder(memory, dataPrefix)).toHaveLength(1);
});

test.each([
  { op: 'copyFrom', nth: 1 },
  { op: 'put', nth: 1 },
  { op: 'put', nth: 2 },
] as const)(
  'a process that dies around $op $nth of a copy leaves no half of a blob, and it is brought again',
  async (call) => {
    for (const when of ['before', 'after'] as const) {
      const { start, memory, faults } = openReplicas();
      const { source } = await peerWithBlob();
      faults.push({ ...call, when });
      await expect(start().blobs.copyIn(REPOSITORY, digest, 40, source)).rejects.toMatchObject({ kind: 'unavailable' });
      faults.length = 0;
      const { blobs } = start();
      if (await blobs.find(REPOSITORY, digest)) expect(await pull(memory, digest)).toEqual(bytes);
      await blobs.copyIn(REPOSITORY, digest, 40, source);
      expect(await pull(memory, digest)).toEqual(bytes);
    }
  },
);
