import { PassThrough, Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BufferPool } from '@atoll/storage';
import { ArrivingBody } from './arriving-body.js';
import { ClientGone } from './client-gone.js';
import { defaultLimits } from './limits.js';

const KIBIBYTE = 1024;
const CHUNK = 64 * KIBIBYTE;

/** What is given back to it is overwritten, as the next body would. */
class UsedAgain extends BufferPool {
  given = 0;

  constructor() {
    super(256 * KIBIBYTE, 16);
  }

  override give(...batches: readonly Buffer<ArrayBuffer>[]): void {
    this.given += batches.length;
    super.give(...batches.map((batch) => batch.fill(0xee)));
  }
}

function bodyOf(source: Readable, limits = {}, memory: BufferPool = new UsedAgain()): ArrivingBody {
  return new ArrivingBody(source, memory, { ...defaultLimits, ...limits });
}

/** As a reader may: what it wants to keep it copies, and then it asks again. */
async function readAll(body: ArrivingBody, each: () => Promise<unknown> = () => Promise.resolve()): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  for (let next = await body.next(); next !== undefined; next = await body.next()) {
    pieces.push(Buffer.from(next));
    await each();
  }
  return pieces;
}

/** Chunks with memory of their own, each with other bytes. */
function chunksOf(sizes: readonly number[]): Buffer[] {
  return sizes.map((sizeBytes, at) => Buffer.alloc(sizeBytes, `chunk ${at} `));
}

const sent = (chunks: readonly Buffer[]): Readable =>
  Readable.from(
    chunks.map((chunk) => Buffer.from(chunk)),
    { objectMode: false },
  );

describe('a body that is being received', () => {
  test('is read whole and in order, in whatever sizes it comes and however slow its reader is', async () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3 * CHUNK })), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(sizes, fc.boolean(), async (lengths, slow) => {
        const chunks = chunksOf(lengths);
        const pieces = await readAll(bodyOf(sent(chunks)), () => (slow ? pause(0) : Promise.resolve()));
        expect(Buffer.concat(pieces).equals(Buffer.concat(chunks))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('comes as it is at first, and in larger pieces when there is much of it', async () => {
    const chunks = chunksOf(Array.from({ length: 64 }, () => CHUNK));
    const pieces = await readAll(bodyOf(sent(chunks)));
    expect(pieces.slice(0, 4).map(({ length }) => length)).toEqual([CHUNK, CHUNK, CHUNK, CHUNK]);
    expect(pieces.slice(4).map(({ length }) => length)).toEqual([...Array.from({ length: 15 }, () => 256 * KIBIBYTE)]);
  });

  test('uses the same few pieces of memory again and again', async () => {
    const memory = new UsedAgain();
    let taken = 0;
    const take = memory.take.bind(memory);
    const made = new Set<Buffer>();
    memory.take = () => {
      taken++;
      const batch = take();
      made.add(batch);
      return batch;
    };
    await readAll(bodyOf(sent(chunksOf(Array.from({ length: 400 }, () => CHUNK))), {}, memory));
    expect([taken, memory.given]).toEqual([99, 99]);
    expect(made.size).toBeLessThanOrEqual(4);
  });

  test('is not received far ahead of its reader', async () => {
    let asked = 0;
    const endless = new Readable({
      read() {
        asked += CHUNK;
        setImmediate(() => this.push(Buffer.alloc(CHUNK)));
      },
    });
    const body = bodyOf(endless);
    await pause(50);
    expect(asked).toBeLessThanOrEqual(5 * CHUNK);
    for (let at = 0; at < 10; at++) await body.next();
    await pause(50);
    // Four pieces of memory, and what the stream holds itself.
    expect(asked - body.arrivedBytes).toBeLessThanOrEqual(3 * CHUNK);
    expect(body.arrivedBytes).toBeLessThanOrEqual(4 * CHUNK + (6 + 3) * 256 * KIBIBYTE);
    body.stop();
    endless.destroy();
  });

  test('that breaks off is read as far as it came, and then it fails', async () => {
    const source = new PassThrough({ highWaterMark: 4 * 1024 * KIBIBYTE });
    const body = bodyOf(source);
    const chunks = chunksOf(Array.from({ length: 15 }, () => CHUNK));
    for (const chunk of chunks) source.write(Buffer.from(chunk));
    const pieces: Buffer[] = [];
    const reading = async (): Promise<void> => {
      for (let next = await body.next(); next !== undefined; next = await body.next()) pieces.push(Buffer.from(next));
    };
    setTimeout(() => source.destroy(), 30);
    await expect(reading()).rejects.toThrow(ClientGone);
    expect(Buffer.concat(pieces).equals(Buffer.concat(chunks))).toBe(true);
  });

  test('that fails otherwise than by its connection tells what it failed with', async () => {
    const source = new PassThrough();
    const body = bodyOf(source);
    source.destroy(new Error('a fault of our own'));
    await expect(body.next()).rejects.toThrow('a fault of our own');
  });

  test('whose connection was gone before anybody read it fails', async () => {
    const source = new PassThrough();
    source.destroy();
    await pause(0);
    await expect(bodyOf(source).next()).rejects.toThrow(ClientGone);
  });

  test('that has ended before anybody read it is empty', async () => {
    const source = sent([]);
    source.resume();
    await pause(1);
    expect(await bodyOf(source).next()).toBeUndefined();
  });

  test('that is given up is waited for no longer', async () => {
    const body = bodyOf(new PassThrough());
    const next = body.next();
    body.abandon();
    await expect(next).rejects.toThrow(ClientGone);
  });

  test('leaves what it has not received to others, and memory that may still be read to nobody', async () => {
    const memory = new UsedAgain();
    const source = new PassThrough();
    const body = bodyOf(source, {}, memory);
    for (const chunk of chunksOf(Array.from({ length: 13 }, () => CHUNK))) source.write(chunk);
    for (let at = 0; at < 5; at++) await body.next();
    body.stop();
    expect(memory.given).toBe(0);
    source.end('the rest');
    source.resume();
    await pause(5);
    expect(source.readableEnded).toBe(true);
  });
});

describe('a client is too slow', () => {
  test('when it brings nothing while it is waited for', async () => {
    const body = bodyOf(new PassThrough(), { bodyIdleMs: 20 });
    await expect(body.next()).rejects.toMatchObject({ more: { status: 408 } });
    expect(body.tooSlow).toBe(true);
  });

  test('when it brings too little in a window', async () => {
    const source = new PassThrough();
    const drip = setInterval(() => source.write('x'), 5);
    const body = bodyOf(source, { bodyIdleMs: 1000, bodyWindowMs: 40, minBodyBytesPerSecond: 10_000 });
    await expect(readAll(body)).rejects.toMatchObject({ more: { status: 408 } });
    clearInterval(drip);
  });

  test('never while its reader is busy', async () => {
    const source = new PassThrough();
    const body = bodyOf(source, { bodyIdleMs: 20, bodyWindowMs: 20, minBodyBytesPerSecond: 1_000_000 });
    source.write('first');
    await body.next();
    await pause(60);
    source.end('second');
    expect(Buffer.from((await body.next()) ?? []).toString()).toBe('second');
    expect(await body.next()).toBeUndefined();
  });
});
