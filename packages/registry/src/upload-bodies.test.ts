import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ByteBuffer } from './byte-buffer.js';
import { ByteSource } from './byte-source.js';
import { broken, chunks } from './testing/replicas.js';
import { planUploads } from './upload-plan.js';

async function drain(source: ByteSource): Promise<string> {
  let text = '';
  for (let chunk = await source.next(); chunk; chunk = await source.next()) text += Buffer.from(chunk).toString();
  return text;
}

describe('ByteSource', () => {
  test('gives what comes, without empty chunks, and then ends', async () => {
    const source = new ByteSource(chunks('ab', '', 'c'), { sizeBytes: 3 });
    expect(await drain(source)).toBe('abc');
    expect([source.receivedBytes, source.failure, await source.next()]).toEqual([3, undefined, undefined]);
  });

  test.each([2, 4])('tells that %i bytes were declared and three came', async (sizeBytes) => {
    const source = new ByteSource(chunks('ab', 'c'), { sizeBytes });
    await drain(source);
    expect(source.wrongSize).toBe(true);
    expect(source.failure).toMatchObject({ code: 'SIZE_INVALID' });
  });

  test('a body that breaks off ends there and tells why', async () => {
    const source = new ByteSource(broken('ab'), { sizeBytes: 5 });
    expect(await drain(source)).toBe('ab');
    expect(source.failure?.message).toBe('connection reset');
    expect(source.wrongSize).toBe(false);
    await expect(source.rest(Buffer.from('ab')).next()).resolves.toMatchObject({ done: false });
  });

  test('lets go of a stream without destroying it when told so', async () => {
    const stream = Readable.from(['ab', 'cd', 'ef'], { objectMode: false });
    const source = new ByteSource(stream.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Uint8Array>);
    await source.next();
    await source.close();
    expect(stream.destroyed).toBe(false);
    stream.resume();
    await new Promise((resolve) => stream.once('end', resolve));
  });
});

describe('ByteBuffer', () => {
  test('gives back what it was given, never more than the limit, and keeps none of the chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 9 })), fc.integer({ min: 1, max: 30 }), (pieces, limit) => {
        const buffer = new ByteBuffer();
        const taken: Buffer[] = [];
        for (const piece of pieces) {
          for (let rest: Uint8Array = Uint8Array.from(piece); rest.length > 0;) {
            const given = rest;
            rest = buffer.fill(rest, limit);
            given.fill(0, 0, given.length - rest.length);
            expect(buffer.length).toBeLessThanOrEqual(limit);
            if (buffer.length === limit) taken.push(buffer.take());
          }
        }
        expect(Buffer.concat([...taken, buffer.take()])).toEqual(Buffer.concat(pieces));
        expect(taken.every(({ length }) => length === limit)).toBe(true);
      }),
    );
  });
});

describe('planUploads', () => {
  const capabilities = (parts: { minBytes: number; equal: boolean; streamed: boolean }) => ({
    conditionalDelete: true,
    presign: false,
    parts: { maxCount: 10_000, ...parts },
  });
  const MIB = 1_048_576;

  test.each([
    { what: 'a filesystem', parts: { minBytes: 0, equal: false, streamed: true }, first: MIB, last: 8 * MIB },
    { what: 'S3', parts: { minBytes: 5 * MIB, equal: false, streamed: false }, first: 8 * MIB, last: 64 * MIB },
    { what: 'R2', parts: { minBytes: 5 * MIB, equal: true, streamed: false }, first: 8 * MIB, last: 8 * MIB },
    {
      what: 'large least parts',
      parts: { minBytes: 99 * MIB, equal: true, streamed: false },
      first: 99 * MIB,
      last: 99 * MIB,
    },
    {
      what: 'equal and streamed',
      parts: { minBytes: 0, equal: true, streamed: true },
      first: 8 * MIB,
      last: 8 * MIB,
    },
  ])('$what', ({ parts, first, last }) => {
    const plan = planUploads(capabilities(parts));
    expect(plan.streamed).toBe(parts.streamed && !parts.equal);
    expect(plan.firstPartBytes).toBe(first);
    expect([1, 1_000, 10_000].map((number) => plan.partBytes(number, first))).toEqual([first, first, last]);
  });
});
