import { describe, expect, test } from '@jest/globals';
import { RegistryError } from '@atoll/core';
import { keys } from '@atoll/storage';
import {
  chunks,
  dataPrefix,
  keysUnder,
  openReplicas,
  PART_MODES,
  pull,
  REPOSITORY,
  sampleBlob,
  type PartMode,
} from './testing/replicas.js';

type Region = ReturnType<typeof openReplicas>;

/** A push as clients do it: pieces, then the closing request with the rest. Each request finds a process of its own. */
interface Shape {
  readonly what: string;
  readonly sizeBytes: number;
  readonly pieces: readonly number[];
  readonly ranged: boolean;
}

const SHAPES: readonly Shape[] = [
  { what: 'everything in the closing request', sizeBytes: 90, pieces: [], ranged: false },
  { what: 'a small body, then a closing request', sizeBytes: 5, pieces: [5], ranged: false },
  { what: 'a body in one stream, then a closing request', sizeBytes: 90, pieces: [90], ranged: false },
  { what: 'two streams, whose hash is not known', sizeBytes: 90, pieces: [40, 50], ranged: false },
  { what: 'ranges, the last one in the closing request', sizeBytes: 150, pieces: [3, 50, 30], ranged: true },
];

/** Goes on after every fault as clients do: asks where the upload stands, or starts over when it is gone. */
async function pushUntilDone(region: Region, { sizeBytes, pieces, ranged }: Shape): Promise<{ failures: number }> {
  const { bytes, digest } = sampleBlob(sizeBytes);
  let failures = 0;
  let id = region.start().uploads.start(REPOSITORY);
  const ends = pieces.map((_, i) => pieces.slice(0, i + 1).reduce((sum, piece) => sum + piece, 0));
  for (let attempt = 0; attempt < 20; attempt++) {
    const { uploads } = region.start();
    try {
      const { offsetBytes } = await uploads.status(REPOSITORY, id);
      const end = ends.find((candidate) => candidate > offsetBytes);
      const range = ranged ? { start: offsetBytes } : undefined;
      const rest = bytes.subarray(offsetBytes, end);
      if (end !== undefined) {
        await uploads.append(REPOSITORY, id, chunks(rest), range);
        continue;
      }
      await uploads.finish(REPOSITORY, id, digest, rest.length > 0 ? chunks(rest) : undefined, range);
      return { failures };
    } catch (cause) {
      failures++;
      const found = await pull(region.memory, digest);
      if (found) expect(found).toEqual(bytes);
      const gone = cause instanceof RegistryError && cause.code === 'BLOB_UPLOAD_UNKNOWN';
      if (gone) id = region.start().uploads.start(REPOSITORY);
    }
  }
  throw new Error('the client gave up');
}

describe.each(Object.keys(PART_MODES) as PartMode[])('an upload that is cut off, %s parts', (parts) => {
  test.each(SHAPES)('$what: at any request to the store, it is there as a whole or not at all', async (shape) => {
    const { bytes, digest } = sampleBlob(shape.sizeBytes);
    const smooth = openReplicas({ parts });
    await pushUntilDone(smooth, shape);
    const steps = smooth.counter.log.length;
    expect(steps).toBeGreaterThan(3);
    for (let nth = 1; nth <= steps; nth++) {
      for (const when of ['before', 'after'] as const) {
        const region = openReplicas({ parts });
        region.faults.push({ nth, when });
        await pushUntilDone(region, shape);
        expect(await pull(region.memory, digest)).toEqual(bytes);
        expect(await keysUnder(region.memory, keys.record(digest))).toHaveLength(1);
        region.clock.advance(3 * 86_400_000);
        await region.start().uploads.sweep();
        expect(await keysUnder(region.memory, keys.uploads)).toEqual([]);
        const inUse = (await region.start().blobs.find(REPOSITORY, digest))?.dataKey;
        const left = (await keysUnder(region.memory, dataPrefix)).filter((key) => key !== inUse);
        // Only what tells the digest it was written for may stay: that is found without a session.
        for (const key of left) expect(key).toContain(digest.replace(':', '-'));
        expect(left.length).toBeLessThanOrEqual(1);
        expect(await pull(region.memory, digest)).toEqual(bytes);
      }
    }
  });
});

describe('a store that fails again and again', () => {
  test('an upload gets through once the store is back, with what was kept', async () => {
    const region = openReplicas({ parts: 'growing' });
    for (const nth of [3, 9, 17, 20, 24]) region.faults.push({ nth, when: nth % 2 === 0 ? 'before' : 'after' });
    const shape: Shape = { what: '', sizeBytes: 300, pieces: [100, 60, 100], ranged: true };
    const { failures } = await pushUntilDone(region, shape);
    expect(failures).toBeGreaterThan(1);
    const { bytes, digest } = sampleBlob(300);
    expect(await pull(region.memory, digest)).toEqual(bytes);
  });

  test('data that could not be freed is told, and freed by the sweep', async () => {
    const region = openReplicas();
    const { uploads } = region.start();
    const id = uploads.start(REPOSITORY);
    await uploads.append(REPOSITORY, id, chunks(sampleBlob(100).bytes));
    region.faults.push({ op: 'abortData', nth: 1, when: 'before' });
    await uploads.cancel(REPOSITORY, id);
    expect(region.leftBehind).toHaveLength(1);
    region.clock.advance(3 * 86_400_000);
    region.counter.reset();
    expect(await uploads.sweep()).toEqual({ removed: 1 });
    expect(region.counter.calls().abortData).toBe(1);
  });
});
