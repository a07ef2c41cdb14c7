import { Readable } from 'node:stream';
import { digestOf } from '@atoll/core';
import { describe, expect, test } from '@jest/globals';
import { isSmallBlob, SmallBlobs } from './small-blobs.js';

const MEBIBYTE = 1_048_576;

function blob(bytes: Buffer) {
  return { digest: digestOf(bytes), sizeBytes: bytes.length, dataKey: 'd/x' };
}

describe('SmallBlobs', () => {
  test('keeps what it has read', async () => {
    const small = new SmallBlobs();
    const bytes = Buffer.from('content');
    expect(small.get(blob(bytes).digest)).toBeUndefined();
    const read = await small.keep(blob(bytes), Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]));
    expect(read).toEqual(bytes);
    expect(small.get(blob(bytes).digest)).toBe(read);
  });

  test.each([6, 8])('does not keep what is not as long as it should be: %s of 7 bytes', async (length) => {
    const small = new SmallBlobs();
    const { digest } = blob(Buffer.from('content'));
    const body = Readable.from([Buffer.alloc(length)]);
    await expect(small.keep({ digest, sizeBytes: 7, dataKey: 'd/x' }, body)).rejects.toMatchObject({ kind: 'corrupt' });
    expect(small.get(digest)).toBeUndefined();
  });

  test('a body that breaks is not kept', async () => {
    const small = new SmallBlobs();
    const { digest } = blob(Buffer.from('content'));
    const body = new Readable({ read() {} });
    const kept = small.keep({ digest, sizeBytes: 7, dataKey: 'd/x' }, body);
    body.push(Buffer.from('cont'));
    body.destroy(new Error('broken'));
    await expect(kept).rejects.toThrow('broken');
    expect(small.get(digest)).toBeUndefined();
  });

  test('memory is bounded: the blobs that were not asked for longest make room', async () => {
    const small = new SmallBlobs();
    const blobs = Array.from({ length: 600 }, (_, i) => Buffer.alloc(65_536, `${i},`));
    for (const bytes of blobs) await small.keep(blob(bytes), Readable.from([bytes]));
    const kept = blobs.filter((bytes) => small.get(blob(bytes).digest) !== undefined);
    expect(kept.length * 65_536).toBeLessThanOrEqual(32 * MEBIBYTE);
    expect(kept.length).toBeGreaterThan(500);
    expect(kept.at(-1)).toBe(blobs.at(-1));
  });

  test('64 KiB are small, and a byte more is not', () => {
    expect([65_536, 65_537].map((sizeBytes) => isSmallBlob({ sizeBytes }))).toEqual([true, false]);
  });
});
