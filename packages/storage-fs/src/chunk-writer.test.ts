import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BufferPool } from '@atoll/storage';
import { selfWriting } from './testing/self-writing.js';
import { temporaryRoots } from './testing/temporary-root.js';
import { systemError, watchedFiles } from './testing/watched-files.js';
import { ChunkWriter } from './chunk-writer.js';

const makeRoot = temporaryRoots();

const writer = () => new ChunkWriter({ buffers: new BufferPool(65_536, 4), bySystem: true });

/** As a source may: the memory of a chunk is used for something else when the next one is asked for. */
async function* give(chunks: readonly Uint8Array[]) {
  for (const chunk of chunks) {
    const lent = Buffer.from(chunk);
    yield lent;
    lent.fill(0xee);
  }
}

test('chunks of any size are written one after another from the position on', async () => {
  const path = join(await makeRoot(), 'file');
  const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 700_000 })), {
    maxLength: 300,
  });
  const property = fc.asyncProperty(sizes, fc.integer({ min: 0, max: 10 }), async (lengths, positionBytes) => {
    const chunks = lengths.map((length, n) => Buffer.alloc(length, n));
    const whole = Buffer.concat(chunks);
    const handle = await open(path, 'w');
    expect(await writer().write(handle, give(chunks), positionBytes)).toBe(whole.length);
    await handle.close();
    expect((await readFile(path)).subarray(positionBytes).equals(whole)).toBe(true);
  });
  await fc.assert(property, { numRuns: 15 });
});

test('what a write leaves over is written next', async () => {
  const path = join(await makeRoot(), 'file');
  const handle = await open(path, 'w');
  const short = Object.assign(Object.create(handle) as typeof handle, {
    write: (bytes: Buffer, start: number, length: number, at: number) =>
      handle.write(bytes, start, Math.min(length, 5), at),
  });
  await writer().write(short, give([Buffer.from('hello, '), Buffer.from('wide '), Buffer.from('world')]), 0);
  await handle.close();
  expect(await readFile(path, 'utf8')).toBe('hello, wide world');
});

test('when the source fails, nothing is written any more once that is told', async () => {
  const path = join(await makeRoot(), 'file');
  const handle = await open(path, 'w');
  let writing = 0;
  const slow = Object.assign(Object.create(handle) as typeof handle, {
    write: async (bytes: Buffer, start: number, length: number, at: number) => {
      writing++;
      await setTimeout(20);
      const written = await handle.write(bytes, start, length, at);
      writing--;
      return written;
    },
  });
  const failing = async function* () {
    yield Buffer.alloc(2_000_000);
    throw new Error('gone');
  };
  await expect(writer().write(slow, failing(), 0)).rejects.toThrow('gone');
  expect(writing).toBe(0);
  await handle.close();
});

test('a flush in the background that fails is told', async () => {
  const path = join(await makeRoot(), 'file');
  let flushes = 0;
  const files = watchedFiles(({ name }) => {
    if (name === 'handle.datasync' && ++flushes === 1) throw systemError('EIO');
  });
  const handle = await files.open(path, 'w');
  const chunks = Array.from({ length: 40 }, () => Buffer.alloc(1_048_576));
  await expect(writer().write(handle, give(chunks), 0)).rejects.toMatchObject({ code: 'EIO' });
  await handle.close();
  expect(flushes).toBe(1);
});

test('chunks that can write themselves do, and the file is flushed meanwhile', async () => {
  const path = join(await makeRoot(), 'file');
  let flushes = 0;
  const files = watchedFiles(({ name }) => {
    if (name === 'handle.datasync') flushes++;
  });
  const handle = await files.open(path, 'w');
  const { chunks, used } = selfWriting(Buffer.alloc(30_000_000, 'content'));
  expect(await writer().write(handle, chunks, 5)).toBe(30_000_000);
  await handle.close();
  expect(used).toHaveLength(1);
  expect((await readFile(path)).subarray(5).equals(Buffer.alloc(30_000_000, 'content'))).toBe(true);
  expect(flushes).toBe(3);
});

test('they are written like others where the files are not those of the system', async () => {
  const path = join(await makeRoot(), 'file');
  const handle = await open(path, 'w');
  const { chunks, used } = selfWriting(Buffer.from('content'));
  const other = new ChunkWriter({ buffers: new BufferPool(65_536, 4), bySystem: false });
  expect(await other.write(handle, chunks, 0)).toBe(7);
  await handle.close();
  expect(used).toEqual([]);
  expect(await readFile(path, 'utf8')).toBe('content');
});
