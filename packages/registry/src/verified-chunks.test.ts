import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';
import { digestOf, type Digest } from '@atoll/core';
import type { CallOptions } from '@atoll/storage';
import { HashThread } from './hash-thread.js';
import { chunkFiles } from './testing/chunk-files.js';
import { verifyBytes, VerifiedChunks } from './verified-chunks.js';

const CONTENT = Buffer.alloc(3_000_000, 'what a layer is made of ');
const OTHER = digestOf('something else');

const newFile = chunkFiles();
const thread = new HashThread();
afterEach(() => thread.stop());

async function* inPieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 700_000) yield bytes.subarray(at, at + 700_000);
}

interface Told {
  readonly digest: Digest;
  readonly sizeBytes?: number;
}

async function iterated(told: Told): Promise<Buffer> {
  return buffer(new VerifiedChunks(inPieces(CONTENT), told.digest, thread, told.sizeBytes));
}

async function written(told: Told, o?: CallOptions): Promise<Buffer> {
  const { file, handle, read } = await newFile();
  try {
    const verified = new VerifiedChunks(inPieces(CONTENT), told.digest, thread, told.sizeBytes);
    expect(await verified.writeTo(file, o)).toBe(CONTENT.length);
    return await read();
  } finally {
    await handle.close();
  }
}

describe.each([
  ['read', iterated],
  ['written to a file', written],
])('content that is %s', (_how, take) => {
  test.each(['sha256', 'sha512'] as const)('passes when it is what its %s digest says', async (algorithm) => {
    expect((await take({ digest: digestOf(CONTENT, algorithm) })).equals(CONTENT)).toBe(true);
  });

  test('fails at its end when it is something else', async () => {
    await expect(take({ digest: OTHER })).rejects.toMatchObject({ code: 'DIGEST_INVALID' });
  });

  test.each([CONTENT.length - 1, CONTENT.length + 1])('fails when %s bytes were told', async (sizeBytes) => {
    const taken = take({ digest: digestOf(CONTENT), sizeBytes });
    await expect(taken).rejects.toMatchObject({ code: 'SIZE_INVALID' });
  });
});

test('writing ends with the reason of an abort', async () => {
  const signal = AbortSignal.abort(new Error('stopping'));
  await expect(written({ digest: digestOf(CONTENT) }, { signal })).rejects.toThrow('stopping');
});

test('what was wrong is kept for whoever gets it wrapped', async () => {
  const verified = new VerifiedChunks(inPieces(CONTENT), OTHER, thread);
  await expect(buffer(verified)).rejects.toBeInstanceOf(Error);
  expect(verified.failure).toMatchObject({ code: 'DIGEST_INVALID' });
});

test('bytes at hand are what they were said to be, or that is told', () => {
  const bytes = Buffer.from('content');
  const digest = digestOf(bytes, 'sha512');
  expect(() => verifyBytes(bytes, digest)).not.toThrow();
  expect(() => verifyBytes(bytes, digest, 7)).not.toThrow();
  expect(() => verifyBytes(bytes, digest, 8)).toThrow(expect.objectContaining({ code: 'SIZE_INVALID' }));
  expect(() => verifyBytes(bytes, OTHER)).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID' }));
});
