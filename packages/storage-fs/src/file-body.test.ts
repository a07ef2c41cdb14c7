import { open, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { BufferPool } from '@atoll/storage';
import { FileBody } from './file-body.js';
import { SharedChunks } from './shared-chunks.js';
import { temporaryRoots } from './testing/temporary-root.js';

const makeRoot = temporaryRoots();
const PIECE_BYTES = 1000;
const CONTENT = Buffer.from(Array.from({ length: 10_500 }, (_, at) => at % 251));

async function pathOf(content = CONTENT): Promise<string> {
  const path = join(await makeRoot(), 'file');
  await writeFile(path, content);
  return path;
}

function chunksIn(large = new BufferPool(PIECE_BYTES, 4)): SharedChunks {
  return new SharedChunks({ large, largeFiles: 1, small: new BufferPool(1, 0), keptBytes: 4 * PIECE_BYTES });
}

async function bodyOf(
  range = { start: 0, end: CONTENT.length },
  pool = new BufferPool(PIECE_BYTES, 4),
  content = CONTENT,
) {
  const path = await pathOf(content);
  const handle = await open(path);
  const file = { name: path, sizeBytes: content.length };
  return { handle, pool, body: new FileBody(handle, file, range, chunksIn(pool)) };
}

function isClosed(handle: FileHandle): boolean {
  return handle.fd === -1;
}

test('as a stream it has the bytes of its range, and closes the file', async () => {
  const content = Buffer.alloc(3_000_000, CONTENT);
  const { body, handle } = await bodyOf({ start: 3, end: 2_900_000 }, undefined, content);
  expect((await buffer(body)).equals(content.subarray(3, 2_900_000))).toBe(true);
  expect(isClosed(handle)).toBe(true);
});

test('it lends two buffers, turn by turn, and gives them back', async () => {
  const { body, handle, pool } = await bodyOf();
  const memory = new Set<ArrayBufferLike>();
  const taken: Buffer[] = [];
  await body.lend(async (bytes) => {
    memory.add(bytes.buffer);
    taken.push(Buffer.from(bytes));
  });
  expect(Buffer.concat(taken).equals(CONTENT)).toBe(true);
  expect(memory.size).toBe(2);
  expect(memory.has(pool.take().buffer) && memory.has(pool.take().buffer)).toBe(true);
  await new Promise((resolve) => body.once('close', resolve));
  expect(isClosed(handle)).toBe(true);
});

test('a buffer is not read into while its taker is at work', async () => {
  const { body } = await bodyOf();
  let position = 0;
  await body.lend(async (bytes) => {
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    expect(Buffer.from(bytes).equals(CONTENT.subarray(position, position + bytes.length))).toBe(true);
    position += bytes.length;
  });
  expect(position).toBe(CONTENT.length);
});

test('one small piece takes one buffer', async () => {
  const pool = new BufferPool(PIECE_BYTES, 4);
  const kept = pool.take();
  pool.give(kept);
  const { body } = await bodyOf({ start: 0, end: 10 }, pool);
  await body.lend(async (bytes) => void expect(bytes.buffer).toBe(kept.buffer));
  expect(pool.take()).toBe(kept);
  expect(pool.take()).not.toBe(kept);
});

test('a taker that fails is given nothing more, and its buffers are not used again', async () => {
  const { body, pool } = await bodyOf();
  const memory = new Set<ArrayBufferLike>();
  const failing = async (bytes: Uint8Array): Promise<void> => {
    memory.add(bytes.buffer);
    throw new Error('the client went away');
  };
  await expect(body.lend(failing)).rejects.toThrow('the client went away');
  expect(memory.size).toBe(1);
  expect(memory.has(pool.take().buffer)).toBe(false);
  expect(body.destroyed).toBe(true);
});

test('destroying it ends the lending with the reason', async () => {
  const { body } = await bodyOf();
  const lending = body.lend(async () => void body.destroy(new Error('enough')));
  await expect(lending).rejects.toThrow('enough');
});

test('a file that has become shorter ends early', async () => {
  const { body } = await bodyOf({ start: 10_000, end: 20_000 });
  const taken: Buffer[] = [];
  await body.lend(async (bytes) => void taken.push(Buffer.from(bytes)));
  expect(Buffer.concat(taken).equals(CONTENT.subarray(10_000))).toBe(true);
});

test('what a body has begun to read for another it reads to its end, though it is destroyed', async () => {
  const handle = await open(await pathOf());
  const file = { name: 'file', sizeBytes: CONTENT.length };
  const chunks = chunksIn();
  const read = handle.read.bind(handle);
  // The system may answer with fewer bytes than it was asked for.
  const fewer = (buffer: Buffer, at: number, length: number, position: number) =>
    read(buffer, at, Math.min(length, 300), position);
  Object.assign(handle, { read: fewer });
  const first = new FileBody(handle, file, { start: 0, end: CONTENT.length }, chunks);
  const second = await open(await pathOf());
  const other = new FileBody(second, file, { start: 0, end: CONTENT.length }, chunks);
  const lending = first.lend(async () => undefined);
  const taken: Buffer[] = [];
  const going = other.lend(async (bytes) => void taken.push(Buffer.from(bytes)));
  first.destroy(new Error('enough'));
  await expect(lending).rejects.toThrow('enough');
  await going;
  expect(Buffer.concat(taken).equals(CONTENT)).toBe(true);
  expect(isClosed(handle)).toBe(true);
});
