import { describe, expect, test } from '@jest/globals';
import { RegistryError, type Digest } from '@atoll/core';
import { keys } from '@atoll/storage';
import fc from 'fast-check';
import type { BlobSource } from './blob-copies.js';
import { Interleaving } from './testing/interleave.js';
import {
  content,
  dataPrefix,
  keysUnder,
  LEAST_COPY_BYTES,
  openReplicas,
  PART_MODES,
  pull,
  REPOSITORY,
  sampleBlob,
  type PartMode,
} from './testing/replicas.js';

type Region = ReturnType<typeof openReplicas>;

const modes = Object.keys(PART_MODES) as PartMode[];
const shared = modes.filter((mode) => mode !== 'streamed');
const LEASE_MS = 5 * 60_000;
const DAY_MS = 86_400_000;

/** A blob in a bucket that cannot be copied from; `reads` are the offsets that were asked for, `readBytes` what was given. */
class Peer implements BlobSource {
  readonly reads: number[] = [];
  readBytes = 0;

  constructor(
    private readonly bytes: Buffer,
    private readonly o: { readonly breaksAt?: number; readonly chunkBytes?: number } = {},
  ) {}

  place = () => Promise.resolve(undefined);

  async *chunks({ start = 0 }: { readonly start?: number } = {}): AsyncGenerator<Uint8Array> {
    const { breaksAt = Infinity, chunkBytes = 5 } = this.o;
    this.reads.push(start);
    const end = Math.min(this.bytes.length, breaksAt);
    for (let at = start; at < end; at += chunkBytes) {
      const chunk = this.bytes.subarray(at, Math.min(at + chunkBytes, end));
      this.readBytes += chunk.length;
      yield chunk;
    }
    if (breaksAt <= this.bytes.length) throw new Error('connection reset');
  }
}

/** By a process of its own, when nobody has written to the copy for a while. */
async function copyLater(region: Region, digest: Digest, sizeBytes: number, source: BlobSource): Promise<void> {
  region.clock.advance(LEASE_MS);
  await region.start().copies.copyIn(REPOSITORY, digest, sizeBytes, source);
}

/** After everything has expired nothing is left but the blob, and what a crash leaves that tells its digest. */
async function expectTidy(region: Region, digest: Digest, bytes: Buffer, mostLeft = 0): Promise<void> {
  region.clock.advance(10 * DAY_MS);
  await region.start().uploads.sweep();
  expect(await keysUnder(region.memory, keys.uploads)).toEqual([]);
  expect(await pull(region.memory, digest)).toEqual(bytes);
  const inUse = (await region.start().blobs.find(REPOSITORY, digest))?.dataKey;
  const left = (await keysUnder(region.memory, dataPrefix)).filter((key) => key !== inUse);
  for (const key of left) expect(key).toContain(digest.replace(':', '-'));
  expect(left.length).toBeLessThanOrEqual(mostLeft);
}

describe.each(modes)('a big blob that is streamed, %s parts', (parts) => {
  test('wherever it breaks off, another process goes on there, and no byte is read twice', async () => {
    const breaks = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 6 });
    const property = fc.asyncProperty(
      fc.integer({ min: LEAST_COPY_BYTES, max: 400 }),
      breaks,
      fc.integer({ min: 1, max: 90 }),
      fc.constantFrom('sha256' as const, 'sha512' as const),
      async (sizeBytes, offsets, chunkBytes, algorithm) => {
        const region = openReplicas({ parts });
        const { bytes, digest } = sampleBlob(sizeBytes, algorithm);
        const within = [...new Set(offsets)].filter((offset) => offset < sizeBytes).sort((a, b) => a - b);
        let readBytes = 0;
        for (const breaksAt of within) {
          const peer = new Peer(bytes, { breaksAt, chunkBytes });
          await expect(copyLater(region, digest, sizeBytes, peer)).rejects.toThrow('connection reset');
          expect(await pull(region.memory, digest)).toBeUndefined();
          readBytes += peer.readBytes;
        }
        const peer = new Peer(bytes, { chunkBytes });
        await copyLater(region, digest, sizeBytes, peer);
        expect(peer.reads).toEqual([within.at(-1) ?? 0]);
        expect(readBytes + peer.readBytes).toBe(sizeBytes);
        await expectTidy(region, digest, bytes);
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  test.each([0, 30, 130, 190])(
    'a process that dies at any request to the store, after a break at byte %i, leaves all of it or nothing',
    async (breaksAt) => {
      const { bytes, digest } = sampleBlob(190);
      const bring = async (region: Region): Promise<number> => {
        const breaking = new Peer(bytes, { breaksAt });
        await copyLater(region, digest, 190, breaking).catch(() => undefined);
        for (let attempt = 1; attempt < 9; attempt++) {
          if (await pull(region.memory, digest)) expect(await pull(region.memory, digest)).toEqual(bytes);
          try {
            await copyLater(region, digest, 190, new Peer(bytes));
            return attempt;
          } catch {
            // The next process tries again.
          }
        }
        throw new Error('the copy did not get through');
      };
      const smooth = openReplicas({ parts });
      expect(await bring(smooth)).toBe(1);
      const steps = smooth.counter.log.length;
      for (let nth = 1; nth <= steps; nth++) {
        for (const when of ['before', 'after'] as const) {
          const region = openReplicas({ parts });
          region.faults.push({ nth, when });
          expect(await bring(region)).toBeLessThan(4);
          expect(await keysUnder(region.memory, keys.record(digest))).toHaveLength(1);
          await expectTidy(region, digest, bytes, 1);
        }
      }
    },
  );

  test('what changes at the source between two attempts is refused and never seen, and the next one begins anew', async () => {
    const region = openReplicas({ parts });
    const { bytes, digest } = sampleBlob(190);
    const wrong = Buffer.from(bytes.map((byte) => byte ^ 1));
    await expect(copyLater(region, digest, 190, new Peer(wrong, { breaksAt: 100 }))).rejects.toThrow('reset');
    await expect(copyLater(region, digest, 190, new Peer(bytes))).rejects.toMatchObject({ code: 'DIGEST_INVALID' });
    expect(await pull(region.memory, digest)).toBeUndefined();
    expect(await keysUnder(region.memory, dataPrefix)).toEqual([]);
    expect(await keysUnder(region.memory, keys.record(digest))).toEqual([]);
    const peer = new Peer(bytes);
    await copyLater(region, digest, 190, peer);
    expect(peer.reads).toEqual([0]);
    await expectTidy(region, digest, bytes);
  });

  test('a source that is gone in the middle leaves what there was for another source, or for the sweep', async () => {
    const { bytes, digest } = sampleBlob(190);
    const gone: BlobSource = {
      place: async () => undefined,
      chunks: () => new Peer(bytes, { breaksAt: 0 }).chunks(),
    };
    const region = openReplicas({ parts });
    await expect(copyLater(region, digest, 190, new Peer(bytes, { breaksAt: 120 }))).rejects.toThrow('reset');
    await expect(copyLater(region, digest, 190, gone)).rejects.toThrow('reset');
    const other = new Peer(bytes);
    await copyLater(region, digest, 190, other);
    expect(other.reads).toEqual([120]);

    const given = openReplicas({ parts });
    await expect(copyLater(given, digest, 190, new Peer(bytes, { breaksAt: 120 }))).rejects.toThrow('reset');
    given.clock.advance(10 * DAY_MS);
    expect(await given.start().uploads.sweep()).toEqual({ removed: 1 });
    expect(await keysUnder(given.memory, '')).toEqual([]);
  });

  test.each([
    { what: 'shorter', sizeBytes: 150 },
    { what: 'longer', sizeBytes: 210 },
  ])('a source that is $what than was said is refused, and what was told right comes in', async ({ sizeBytes }) => {
    const region = openReplicas({ parts });
    const { digest } = sampleBlob(190);
    const odd = copyLater(region, digest, 190, new Peer(content(sizeBytes)));
    await expect(odd).rejects.toMatchObject({ code: 'SIZE_INVALID' });
    expect(await pull(region.memory, digest)).toBeUndefined();
    const { bytes, digest: real } = sampleBlob(sizeBytes);
    const told = copyLater(region, real, 190, new Peer(bytes));
    await expect(told).rejects.toMatchObject({ code: 'SIZE_INVALID' });
    await copyLater(region, real, sizeBytes, new Peer(bytes));
    await expectTidy(region, real, bytes);
  });

  test('a blob that was deleted since it came is brought again', async () => {
    const region = openReplicas({ parts });
    const { bytes, digest } = sampleBlob(190);
    await copyLater(region, digest, 190, new Peer(bytes));
    await region.start().blobs.delete(REPOSITORY, digest);
    await region.memory.delete(keys.record(digest), { blind: true });
    const peer = new Peer(bytes);
    await copyLater(region, digest, 190, peer);
    expect(peer.readBytes).toBe(190);
    expect(await pull(region.memory, digest)).toEqual(bytes);
  });

  test('after a break its own process goes on without waiting', async () => {
    const region = openReplicas({ parts });
    const { copies } = region.start();
    const { bytes, digest } = sampleBlob(190);
    const first = copies.copyIn(REPOSITORY, digest, 190, new Peer(bytes, { breaksAt: 77 }));
    await expect(first).rejects.toThrow('reset');
    const peer = new Peer(bytes);
    await copies.copyIn(REPOSITORY, digest, 190, peer);
    expect(peer.reads).toEqual([77]);
    await expectTidy(region, digest, bytes);
  });

  test('a worker that stops saves what has arrived', async () => {
    const region = openReplicas({ parts });
    const { bytes, digest } = sampleBlob(190);
    const stop = new AbortController();
    const peer = new Peer(bytes);
    const source: BlobSource = {
      place: peer.place,
      async *chunks() {
        yield bytes.subarray(0, 93);
        setImmediate(() => stop.abort(new Error('stopping')));
        await new Promise(() => undefined);
      },
    };
    const stopped = region.start().copies.copyIn(REPOSITORY, digest, 190, source, { signal: stop.signal });
    await expect(stopped).rejects.toThrow('stopping');
    await copyLater(region, digest, 190, peer);
    expect(peer.reads).toEqual([93]);
    expect(await pull(region.memory, digest)).toEqual(bytes);
  });
});

test('what could not be freed when a copy was given up is freed before the next one begins', async () => {
  const region = openReplicas({ parts: 'equal' });
  const { bytes, digest } = sampleBlob(190);
  region.faults.push({ op: 'abortData', nth: 1, when: 'before' }, { op: 'abortData', nth: 2, when: 'before' });
  const wrong = copyLater(region, digest, 190, new Peer(Buffer.alloc(190)));
  await expect(wrong).rejects.toMatchObject({ code: 'DIGEST_INVALID' });
  expect(region.leftBehind).toHaveLength(1);
  await expect(copyLater(region, digest, 190, new Peer(bytes))).rejects.toMatchObject({ kind: 'unavailable' });
  expect(region.counter.calls().abortData).toBe(2);
  await copyLater(region, digest, 190, new Peer(bytes));
  expect(region.counter.calls()).toMatchObject({ abortData: 3, delete: 1, beginData: 2 });
  await expectTidy(region, digest, bytes);
});

describe.each(shared)('two processes that bring one blob, %s parts', (parts) => {
  test('the second leaves it to the first, and asks the source for nothing', async () => {
    const region = openReplicas({ parts });
    const { bytes, digest } = sampleBlob(190);
    await expect(copyLater(region, digest, 190, new Peer(bytes, { breaksAt: 100 }))).rejects.toThrow('reset');
    region.clock.advance(LEASE_MS - 1);
    const peer = new Peer(bytes);
    const second = region.start().copies.copyIn(REPOSITORY, digest, 190, peer);
    await expect(second).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(peer.reads).toEqual([]);
  });

  test('do each other no harm, in whatever order their requests come, with or without a time apart', async () => {
    const turns = fc.array(fc.constantFrom(0 as const, 1 as const), { minLength: 1, maxLength: 60 });
    const starts = fc.constantFrom(undefined, 0, 37, 120, 189);
    const property = fc.asyncProperty(turns, starts, fc.boolean(), async (order, breaksAt, late) => {
      const region = openReplicas({ parts });
      const { bytes, digest } = sampleBlob(190);
      if (breaksAt !== undefined) {
        await copyLater(region, digest, 190, new Peer(bytes, { breaksAt })).catch(() => undefined);
        region.clock.advance(LEASE_MS);
      }
      const turned = new Interleaving(region.memory);
      const processes = [region.start('eu', turned.storeOf(0)), region.start('eu', turned.storeOf(1))] as const;
      const bring = (i: 0 | 1) => () => processes[i].copies.copyIn(REPOSITORY, digest, 190, new Peer(bytes));
      const outcomes = await turned.run([bring(0), bring(1)], ([a, b]) => {
        if (late) region.clock.advance(LEASE_MS);
        return order[(a + b) % order.length] ?? 0;
      });
      for (const outcome of outcomes) {
        if ('cause' in outcome) expect(outcome.cause).toBeInstanceOf(RegistryError);
      }
      const visible = await pull(region.memory, digest);
      if (visible) expect(visible).toEqual(bytes);
      if (!late) expect(outcomes.some((outcome) => !('cause' in outcome))).toBe(true);
      for (let attempt = 0; attempt < 3; attempt++) {
        await copyLater(region, digest, 190, new Peer(bytes)).catch(() => undefined);
      }
      await copyLater(region, digest, 190, new Peer(bytes));
      await expectTidy(region, digest, bytes, 1);
    });
    await fc.assert(property, { numRuns: 150 });
  });
});

describe('what copies ask of the store', () => {
  test('a blob below the least size comes in one go, without a session', async () => {
    const region = openReplicas();
    const { bytes, digest } = sampleBlob(LEAST_COPY_BYTES - 1);
    await region.start().copies.copyIn(REPOSITORY, digest, bytes.length, new Peer(bytes));
    expect(region.counter.calls()).toEqual({ get: 1, put: 3 });
  });

  test('a big one costs its parts, a save for each checkpoint, and little more', async () => {
    const region = openReplicas({ parts: 'equal' });
    const { bytes, digest } = sampleBlob(190);
    await region.start().copies.copyIn(REPOSITORY, digest, 190, new Peer(bytes));
    // 12 parts of 16 bytes, checkpoints of 64 bytes; get: record and session; put: begin, 2 checkpoints, committing, done, link, record.
    expect(region.counter.calls()).toEqual({
      get: 2,
      beginData: 1,
      writePart: 12,
      completeData: 1,
      put: 7,
    });
  });

  test('going on costs a claim, and one reading of what was brought', async () => {
    const region = openReplicas({ parts: 'equal' });
    const { bytes, digest } = sampleBlob(190);
    await expect(copyLater(region, digest, 190, new Peer(bytes, { breaksAt: 180 }))).rejects.toThrow('reset');
    region.counter.reset();
    await copyLater(region, digest, 190, new Peer(bytes));
    expect(region.counter.calls()).toEqual({
      get: 2,
      head: 1,
      writePart: 1,
      completeData: 1,
      open: 1,
      put: 5,
    });
  });
});
