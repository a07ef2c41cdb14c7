import { open } from 'node:fs/promises';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { digestOf } from '@atoll/core';
import type { ChunkFile } from '@atoll/storage';
import fc from 'fast-check';
import { HashThread } from './hash-thread.js';
import { HashedChunks } from './hashed-chunks.js';
import { chunkFiles } from './testing/chunk-files.js';

const MEBIBYTE = 1_048_576;
const CONTENT = Buffer.alloc(6 * MEBIBYTE, 'what a layer is made of ');

const newFile = chunkFiles();
const thread = new HashThread();
afterEach(() => thread.stop());

interface Given {
  readonly sizeBytes: number;
  /** In memory that may be handed over, or in some that is overwritten afterwards. */
  readonly lent: boolean;
}

/** Content in such chunks, each used for something else once the next one is asked for, as a source may. */
async function* give(begin: number, chunks: readonly Given[]): AsyncGenerator<Uint8Array> {
  let at = begin;
  for (const { sizeBytes, lent } of chunks) {
    const bytes = CONTENT.subarray(at, at + Math.min(sizeBytes, lent ? thread.memory.bufferBytes : sizeBytes));
    const memory = lent ? thread.memory.take() : Buffer.alloc(bytes.length);
    memory.set(bytes);
    yield memory.subarray(0, bytes.length);
    at += bytes.length;
    if (lent) thread.memory.give(memory);
    else memory.fill(0xee);
  }
}

const lengthOf = (begin: number, chunks: readonly Given[]): number => {
  const most = (sizeBytes: number, lent: boolean) =>
    lent ? Math.min(sizeBytes, thread.memory.bufferBytes) : sizeBytes;
  const all = chunks.reduce((sum, { sizeBytes, lent }) => sum + most(sizeBytes, lent), 0);
  return Math.min(CONTENT.length - begin, all);
};

describe('content that is hashed and written', () => {
  test('is in the file byte for byte and has its digest, whatever chunks it comes in and whatever is hashed before it', async () => {
    const chunk = fc.record({
      sizeBytes: fc.oneof(fc.nat(100), fc.nat(600_000)),
      lent: fc.boolean(),
    });
    const parts = fc.array(fc.record({ chunks: fc.array(chunk, { maxLength: 10 }), file: fc.boolean() }), {
      maxLength: 4,
    });
    const position = fc.nat(5000);
    await fc.assert(
      fc.asyncProperty(parts, position, async (given, positionBytes) => {
        const hash = thread.hash('sha256');
        let end = 0;
        for (const { chunks, file: toFile } of given) {
          const begin = end;
          end += lengthOf(begin, chunks);
          if (toFile) {
            const { file, handle, read } = await newFile(positionBytes);
            expect(await new HashedChunks(give(begin, chunks), hash).writeTo?.(file)).toBe(end - begin);
            expect((await read()).equals(CONTENT.subarray(begin, end))).toBe(true);
            await handle.close();
          } else {
            const passed: Buffer[] = [];
            for await (const one of new HashedChunks(give(begin, chunks), hash)) passed.push(Buffer.from(one));
            expect(Buffer.concat(passed).equals(CONTENT.subarray(begin, end))).toBe(true);
          }
        }
        expect(await hash.finish('sha256')).toBe(digestOf(CONTENT.subarray(0, end)));
        hash.close();
      }),
      { numRuns: 60 },
    );
  });

  test('tells no more bytes than are written', async () => {
    const { file, handle, told } = await newFile();
    const hash = thread.hash('sha256');
    const sizes: number[] = [];
    const watched: ChunkFile = {
      ...file,
      written: async (sizeBytes) => {
        await file.written(sizeBytes);
        sizes.push((await handle.stat()).size);
      },
    };
    const chunks = Array.from({ length: 12 }, (_, at) => ({ sizeBytes: 500_000, lent: at % 2 === 0 }));
    await new HashedChunks(give(0, chunks), hash).writeTo?.(watched);
    hash.close();
    await handle.close();
    expect(told).toHaveLength(12);
    expect(told.every((sizeBytes, at) => sizeBytes <= (sizes[at] ?? 0))).toBe(true);
    expect(told.at(-1)).toBeGreaterThan(MEBIBYTE);
  });

  test('uses the same few pieces of memory again and again', async () => {
    const { file, handle } = await newFile();
    const hash = thread.hash('sha256');
    const made = jest.spyOn(Buffer, 'allocUnsafeSlow');
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < 200; at++) {
        const memory = thread.memory.take();
        yield memory.fill(at);
        thread.memory.give(memory);
      }
    }
    await new HashedChunks(endless(), hash).writeTo?.(file);
    expect(made.mock.calls.length).toBeLessThanOrEqual(6);
    made.mockRestore();
    hash.close();
    await handle.close();
  });

  test('a file that cannot be written to is told with what the system says, and soon', async () => {
    const { path, handle: empty } = await newFile();
    await empty.close();
    const handle = await open(path, 'r');
    const file: ChunkFile = { descriptor: handle.fd, positionBytes: 0, written: () => Promise.resolve() };
    const hash = thread.hash('sha256');
    let asked = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (; asked < 1000; asked++) yield Buffer.alloc(MEBIBYTE);
    }
    await expect(new HashedChunks(endless(), hash).writeTo?.(file)).rejects.toMatchObject({ code: 'EBADF' });
    expect(asked).toBeLessThan(20);
    hash.close();
    await handle.close();
  });

  test('a thread that dies fails the write and does not let it hang', async () => {
    const { file, handle } = await newFile();
    const hash = thread.hash('sha256');
    async function* dying(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < 20; at++) {
        if (at === 5) await thread.stop();
        yield Buffer.alloc(MEBIBYTE);
      }
    }
    await expect(new HashedChunks(dying(), hash).writeTo?.(file)).rejects.toThrow('the thread that writes');
    expect(await hash.finish('sha256')).toBeUndefined();
    hash.close();
    await handle.close();
  });

  test('when the chunks fail or are aborted, nothing is written any more once that is told', async () => {
    for (const reason of ['broken', 'aborted']) {
      const { file, handle } = await newFile();
      const hash = thread.hash('sha256');
      const stop = new AbortController();
      async function* failing(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < 3; at++) yield Buffer.alloc(MEBIBYTE, 1);
        if (reason === 'broken') throw new Error(reason);
        stop.abort(new Error(reason));
        yield Buffer.alloc(MEBIBYTE, 1);
      }
      const writing = new HashedChunks(failing(), hash).writeTo?.(file, { signal: stop.signal });
      await expect(writing).rejects.toThrow(reason);
      const { size } = await handle.stat();
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect((await handle.stat()).size).toBe(size);
      hash.close();
      await handle.close();
    }
  });
});
