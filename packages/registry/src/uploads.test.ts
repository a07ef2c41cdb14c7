import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { digestOf, parseRepositoryName, RegistryError, type RegistryCode } from '@atoll/core';
import { interceptStore, keys, type ObjectStore } from '@atoll/storage';
import fc from 'fast-check';
import {
  broken,
  chunks,
  content,
  dataPrefix,
  keysUnder,
  openReplicas,
  PART_MODES,
  pull,
  REPOSITORY,
  sampleBlob,
  SMALL,
  type PartMode,
} from './testing/replicas.js';

const OTHER = parseRepositoryName('library/other');
const modes = Object.keys(PART_MODES) as PartMode[];

/** A blob cut in any way, with or without a range for each piece. */
const cutBlob = fc
  .record({
    sizeBytes: fc.integer({ min: 0, max: 300 }),
    cuts: fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 20 }),
  })
  .chain(({ sizeBytes, cuts }) => {
    const bytes = content(sizeBytes);
    const ends = [...new Set([...cuts.filter((cut) => cut < sizeBytes), sizeBytes])].sort((a, b) => a - b);
    const pieces = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
    return fc.record({
      bytes: fc.constant(bytes),
      pieces: fc.constant(pieces),
      ranged: fc.array(fc.boolean(), { minLength: pieces.length, maxLength: pieces.length }),
      lastInPut: fc.boolean(),
      chunkBytes: fc.integer({ min: 1, max: 40 }),
      algorithm: fc.constantFrom('sha256' as const, 'sha512' as const),
    });
  });

function* slicesOf(bytes: Buffer, sizeBytes: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes);
}

async function refusal(work: Promise<unknown>): Promise<{ code: RegistryCode; detail: unknown }> {
  const cause = await work.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (!(cause instanceof RegistryError)) throw cause;
  return { code: cause.code, detail: cause.more.detail };
}

const at = (offsetBytes: number) => ({ code: 'RANGE_INVALID', detail: { offsetBytes } });
const unknown = expect.objectContaining({ code: 'BLOB_UPLOAD_UNKNOWN' });

describe.each(modes)('Uploads, %s parts', (parts) => {
  test('however a blob is cut, and whichever process gets each piece, its bytes and digest are the same', async () => {
    await fc.assert(
      fc.asyncProperty(cutBlob, async ({ bytes, pieces, ranged, lastInPut, chunkBytes, algorithm }) => {
        const region = openReplicas({ parts });
        const replicas = [region.start(), region.start(), region.start()] as const;
        let turn = 0;
        const next = () => replicas[turn++ % 2 === 0 ? 0 : turn % 3 === 0 ? 1 : 2].uploads;
        const digest = digestOf(bytes, algorithm);
        const id = next().start(REPOSITORY);
        const last = lastInPut ? pieces.at(-1) : undefined;
        let start = 0;
        for (const [i, piece] of pieces.entries()) {
          const range = ranged[i] ? { start, sizeBytes: piece.length } : undefined;
          const body = chunks(...slicesOf(piece, chunkBytes));
          start += piece.length;
          if (piece === last) await next().finish(REPOSITORY, id, digest, body, range);
          else expect(await next().append(REPOSITORY, id, body, range)).toEqual({ offsetBytes: start });
          if (piece !== last) expect(await next().status(REPOSITORY, id)).toEqual({ offsetBytes: start });
        }
        if (!last) await next().finish(REPOSITORY, id, digest);
        expect(await pull(region.memory, digest)).toEqual(bytes);
        expect(await keysUnder(region.memory, dataPrefix)).toHaveLength(1);
      }),
      { numRuns: 60 },
    );
  });

  test('a chunk at the wrong place is refused with the right one, and the upload goes on', async () => {
    const { start, memory } = openReplicas({ parts });
    const { uploads } = start();
    const { bytes, digest } = sampleBlob(100);
    const id = uploads.start(REPOSITORY);
    const put = (from: number, to: number) =>
      uploads.append(REPOSITORY, id, chunks(bytes.subarray(from, to)), { start: from, sizeBytes: to - from });
    expect(await refusal(put(50, 100))).toEqual(at(0));
    await put(0, 50);
    expect(await refusal(put(0, 50))).toEqual(at(50));
    expect(await refusal(put(70, 100))).toEqual(at(50));
    expect(await refusal(uploads.finish(REPOSITORY, id, digest, chunks(bytes.subarray(60)), { start: 60 }))).toEqual(
      at(50),
    );
    expect(await uploads.status(REPOSITORY, id)).toEqual({ offsetBytes: 50 });
    await uploads.finish(REPOSITORY, id, digest, chunks(bytes.subarray(50)), { start: 50, sizeBytes: 50 });
    expect(await pull(memory, digest)).toEqual(bytes);
  });

  test.each([
    { what: 'shorter', sent: 90 },
    { what: 'longer', sent: 110 },
  ])('of a body $what than its range nothing is accepted', async ({ sent }) => {
    const { start, memory } = openReplicas({ parts });
    const { uploads } = start();
    const { bytes, digest } = sampleBlob(140);
    const id = uploads.start(REPOSITORY);
    await uploads.append(REPOSITORY, id, chunks(bytes.subarray(0, 30)), { start: 0, sizeBytes: 30 });
    const wrong = uploads.append(REPOSITORY, id, chunks(content(sent)), { start: 30, sizeBytes: 100 });
    expect(await refusal(wrong)).toMatchObject({ code: 'SIZE_INVALID' });
    expect(await uploads.status(REPOSITORY, id)).toEqual({ offsetBytes: 30 });
    await uploads.append(REPOSITORY, id, chunks(bytes.subarray(30)), { start: 30, sizeBytes: 110 });
    await uploads.finish(REPOSITORY, id, digest);
    expect(await pull(memory, digest)).toEqual(bytes);
  });

  test.each([0, 1, 7, 8, 16, 63, 64, 65, 100, 129])(
    'a body that breaks off after %i bytes is kept up to there, and the next one goes on',
    async (sent) => {
      const { start, memory } = openReplicas({ parts });
      const { bytes, digest } = sampleBlob(200);
      const first = start().uploads;
      const id = first.start(REPOSITORY);
      await expect(first.append(REPOSITORY, id, broken(bytes.subarray(0, sent)))).rejects.toThrow('connection reset');
      const second = start().uploads;
      expect(await second.status(REPOSITORY, id)).toEqual({ offsetBytes: sent });
      await second.append(REPOSITORY, id, chunks(bytes.subarray(sent)), { start: sent });
      await second.finish(REPOSITORY, id, digest);
      expect(await pull(memory, digest)).toEqual(bytes);
    },
  );

  test('a closing body that breaks off is kept too', async () => {
    const { start, memory } = openReplicas({ parts });
    const { uploads } = start();
    const { bytes, digest } = sampleBlob(150);
    const id = uploads.start(REPOSITORY);
    await uploads.append(REPOSITORY, id, chunks(bytes.subarray(0, 20)));
    await expect(uploads.finish(REPOSITORY, id, digest, broken(bytes.subarray(20, 90)))).rejects.toThrow('reset');
    expect(await uploads.status(REPOSITORY, id)).toEqual({ offsetBytes: 90 });
    await uploads.finish(REPOSITORY, id, digest, chunks(bytes.subarray(90)), { start: 90 });
    expect(await pull(memory, digest)).toEqual(bytes);
  });

  test('a client that hangs up while its body is awaited leaves what arrived', async () => {
    const { start } = openReplicas({ parts });
    const { uploads } = start();
    const id = uploads.start(REPOSITORY);
    const hangUp = new AbortController();
    const stuck = async function* () {
      yield content(50);
      setImmediate(() => hangUp.abort(new Error('hung up')));
      await new Promise(() => undefined);
    };
    const append = uploads.append(REPOSITORY, id, stuck(), undefined, { signal: hangUp.signal });
    await expect(append).rejects.toThrow('hung up');
    expect(await uploads.status(REPOSITORY, id)).toEqual({ offsetBytes: 50 });
  });

  test('the second of two writers waits for the first, and is then told that its offset is stale', async () => {
    const { start, memory } = openReplicas({ parts });
    const { uploads } = start();
    const { bytes, digest } = sampleBlob(100);
    const id = uploads.start(REPOSITORY);
    const write = () => uploads.append(REPOSITORY, id, chunks(...slicesOf(bytes, 3)), { start: 0, sizeBytes: 100 });
    const [first, second] = await Promise.allSettled([write(), write()]);
    expect(first).toEqual({ status: 'fulfilled', value: { offsetBytes: 100 } });
    expect(second).toMatchObject({
      status: 'rejected',
      reason: { code: 'RANGE_INVALID', more: { detail: { offsetBytes: 100 } } },
    });
    await uploads.finish(REPOSITORY, id, digest);
    expect(await pull(memory, digest)).toEqual(bytes);
  });

  test('bytes that do not have the digest end the upload and leave nothing', async () => {
    for (const sizeBytes of [0, 5, 100, 200]) {
      const { start, memory } = openReplicas({ parts });
      const { uploads } = start();
      const { digest } = sampleBlob(sizeBytes + 1);
      const id = uploads.start(REPOSITORY);
      await uploads.append(REPOSITORY, id, chunks(content(sizeBytes)));
      expect(await refusal(uploads.finish(REPOSITORY, id, digest))).toMatchObject({ code: 'DIGEST_INVALID' });
      expect(await keysUnder(memory, dataPrefix)).toEqual([]);
      expect(await pull(memory, digest)).toBeUndefined();
      if (sizeBytes > 0) expect(await refusal(uploads.status(REPOSITORY, id))).toEqual(unknown);
    }
  });

  test('a digest that is only known by reading again is checked as well', async () => {
    const { start, memory } = openReplicas({ parts });
    const { uploads } = start();
    const id = uploads.start(REPOSITORY);
    await uploads.append(REPOSITORY, id, chunks(content(100)));
    await uploads.append(REPOSITORY, id, chunks(content(100)));
    const { digest } = sampleBlob(200);
    expect(await refusal(uploads.finish(REPOSITORY, id, digest))).toMatchObject({ code: 'DIGEST_INVALID' });
    expect(await keysUnder(memory, dataPrefix)).toEqual([]);
    expect(await keysUnder(memory, keys.record(digest))).toEqual([]);
  });

  test('a closing request may be repeated, and nothing else may follow it', async () => {
    const { start } = openReplicas({ parts });
    const { uploads } = start();
    for (const sizeBytes of [5, 100]) {
      const { bytes, digest } = sampleBlob(sizeBytes);
      const id = uploads.start(REPOSITORY);
      await uploads.append(REPOSITORY, id, chunks(bytes));
      const blob = await uploads.finish(REPOSITORY, id, digest);
      expect(await start().uploads.finish(REPOSITORY, id, digest)).toEqual(blob);
      expect(await start().uploads.finish(REPOSITORY, id, digest, chunks(bytes))).toEqual(blob);
      expect(await refusal(uploads.finish(REPOSITORY, id, digestOf('other')))).toEqual(unknown);
      expect(await refusal(uploads.append(REPOSITORY, id, chunks('more')))).toEqual(unknown);
      expect(await refusal(uploads.status(REPOSITORY, id))).toEqual(unknown);
      expect(await refusal(uploads.cancel(REPOSITORY, id))).toEqual(unknown);
    }
  });

  test('a cancelled upload is gone, whatever it had', async () => {
    for (const sizeBytes of [0, 5, 100]) {
      const { start, memory } = openReplicas({ parts });
      const { uploads } = start();
      const id = uploads.start(REPOSITORY);
      if (sizeBytes > 0) await uploads.append(REPOSITORY, id, chunks(content(sizeBytes)));
      await uploads.cancel(REPOSITORY, id);
      const { digest } = sampleBlob(sizeBytes);
      for (const work of [
        () => uploads.status(REPOSITORY, id),
        () => uploads.append(REPOSITORY, id, chunks('x')),
        () => uploads.finish(REPOSITORY, id, digest),
        () => uploads.cancel(REPOSITORY, id),
      ]) {
        expect(await refusal(work())).toEqual(unknown);
      }
      expect(await keysUnder(memory, dataPrefix)).toEqual([]);
    }
  });

  test('uploads of one digest at once leave one record and one data object', async () => {
    const { start, memory } = openReplicas({ parts });
    const { bytes, digest } = sampleBlob(100);
    const other = parseRepositoryName('other');
    const push = async (repository: typeof REPOSITORY, whole: boolean) => {
      const { uploads } = start();
      const id = uploads.start(repository);
      if (!whole) await uploads.append(repository, id, chunks(bytes));
      return uploads.finish(repository, id, digest, whole ? chunks(bytes) : undefined);
    };
    const blobs = await Promise.all([
      push(REPOSITORY, true),
      push(REPOSITORY, false),
      push(other, false),
      push(other, true),
    ]);
    expect(new Set(blobs.map(({ dataKey }) => dataKey)).size).toBe(1);
    expect(await keysUnder(memory, dataPrefix)).toEqual([blobs[0].dataKey]);
    expect(await keysUnder(memory, 'b/')).toHaveLength(1);
    expect(await pull(memory, digest, other)).toEqual(bytes);
  });

  test('of two processes that close one upload at once one at least succeeds, and a repeat agrees', async () => {
    for (const sizeBytes of [5, 64, 100]) {
      const { start, memory } = openReplicas({ parts });
      const { bytes, digest } = sampleBlob(sizeBytes);
      const [one, two] = [start().uploads, start().uploads];
      const id = one.start(REPOSITORY);
      await one.append(REPOSITORY, id, chunks(bytes), { start: 0 });
      const results = await Promise.allSettled([
        one.finish(REPOSITORY, id, digest),
        two.finish(REPOSITORY, id, digest),
      ]);
      expect(results.map(({ status }) => status)).toContain('fulfilled');
      const blob = await start().uploads.finish(REPOSITORY, id, digest);
      for (const result of results) if (result.status === 'fulfilled') expect(result.value).toEqual(blob);
      expect(await pull(memory, digest)).toEqual(bytes);
      expect(await keysUnder(memory, dataPrefix)).toEqual([blob.dataKey]);
    }
  });
});

describe('Uploads', () => {
  test.each(['equal', 'growing'] as const)('of two processes that write at once one wins, %s parts', async (parts) => {
    for (const sizeBytes of [5, 100]) {
      const { start, memory } = openReplicas({ parts });
      const { bytes, digest } = sampleBlob(sizeBytes);
      const [one, two] = [start().uploads, start().uploads];
      const id = one.start(REPOSITORY);
      const write = (uploads: typeof one) => uploads.append(REPOSITORY, id, chunks(bytes), { start: 0, sizeBytes });
      const results = await Promise.allSettled([write(one), write(two)]);
      const lost = results.filter((result) => result.status === 'rejected');
      expect(lost).toHaveLength(1);
      expect(lost[0]?.reason).toMatchObject({ code: 'RANGE_INVALID' });
      const { offsetBytes } = await two.status(REPOSITORY, id);
      expect(offsetBytes).toBe(sizeBytes);
      await two.finish(REPOSITORY, id, digest);
      expect(await pull(memory, digest)).toEqual(bytes);
    }
  });

  test('parts grow with their number where they may, so that ten thousand hold any blob', async () => {
    const { start, memory, counter } = openReplicas({
      parts: 'growing',
      sizes: { partBytes: 8, checkpointBytes: 1e6 },
    });
    const { uploads } = start();
    const { bytes, digest } = sampleBlob(8 * 1_000 + 16 * 2_000 + 32 * 10);
    const id = uploads.start(REPOSITORY);
    await uploads.append(REPOSITORY, id, chunks(bytes));
    expect(counter.calls().writePart).toBe(3_010);
    await uploads.finish(REPOSITORY, id, digest);
    expect(await pull(memory, digest)).toEqual(bytes);
  });

  test('no more is read from a client than the store takes', async () => {
    const mayTake = Promise.withResolvers<void>();
    const busy = (store: ObjectStore) =>
      interceptStore(store, async (operation, _key, call) => {
        if (operation === 'writePart') await mayTake.promise;
        return call();
      });
    const { start, memory } = openReplicas({ parts: 'equal', wrap: busy });
    const { uploads } = start();
    const { bytes, digest } = sampleBlob(200);
    const id = uploads.start(REPOSITORY);
    let readBytes = 0;
    async function* body(): AsyncGenerator<Uint8Array> {
      for (const slice of slicesOf(bytes, 4)) {
        readBytes += slice.length;
        yield slice;
      }
    }
    const appended = uploads.append(REPOSITORY, id, body());
    while (readBytes < SMALL.partBytes) await turn();
    for (let n = 0; n < 100; n++) await turn();
    expect(readBytes).toBe(SMALL.partBytes);
    mayTake.resolve();
    await appended;
    await uploads.finish(REPOSITORY, id, digest);
    expect(await pull(memory, digest)).toEqual(bytes);
  });

  test('an upload id opens nothing but its own upload, in its own region, for its time', async () => {
    const { start, clock } = openReplicas();
    const { uploads } = start();
    const id = uploads.start(REPOSITORY);
    await uploads.append(REPOSITORY, id, chunks('abc'));
    const [random = '', expiry = '', region = '', mac = ''] = id.split('.');
    expect(await start().uploads.status(REPOSITORY, id)).toEqual({ offsetBytes: 3 });
    const forged = [
      [parseRepositoryName('team/app2'), id],
      [REPOSITORY, ''],
      [REPOSITORY, 'x'.repeat(5_000)],
      [REPOSITORY, [random, String(Number(expiry) + 1), region, mac].join('.')],
      [REPOSITORY, [random, expiry, 'us', mac].join('.')],
      [REPOSITORY, [random, expiry, region, `${mac.slice(0, -1)}${mac.endsWith('A') ? 'B' : 'A'}`].join('.')],
      [REPOSITORY, [random.replace(/^./, (hex) => (hex === '0' ? '1' : '0')), expiry, region, mac].join('.')],
      [REPOSITORY, `${id}.`],
      [REPOSITORY, `../${id}`],
    ] as const;
    for (const [repository, token] of forged) expect(await refusal(uploads.status(repository, token))).toEqual(unknown);
    expect(await refusal(start('us').uploads.status(REPOSITORY, id))).toEqual(unknown);
    clock.advance(86_401_000);
    expect(await refusal(uploads.status(REPOSITORY, id))).toEqual(unknown);
    expect(id).toMatch(/^[A-Za-z0-9._-]+$/);
  });

  test('a closing request without a body finds a blob that is there, or makes the empty one', async () => {
    const { start, memory } = openReplicas();
    const { uploads } = start();
    const { bytes, digest } = sampleBlob(30);
    const fresh = () => uploads.start(REPOSITORY);
    expect(await refusal(uploads.finish(REPOSITORY, fresh(), digest))).toMatchObject({ code: 'DIGEST_INVALID' });
    const blob = await uploads.putWhole(REPOSITORY, digest, chunks(bytes));
    expect(await uploads.finish(REPOSITORY, fresh(), digest)).toEqual(blob);
    const empty = digestOf('');
    await uploads.finish(REPOSITORY, fresh(), empty, chunks());
    expect(await pull(memory, empty)).toEqual(Buffer.alloc(0));
  });

  test('one request for everything checks the digest, the size and the start', async () => {
    const { start, memory } = openReplicas();
    const { uploads } = start();
    const { bytes, digest } = sampleBlob(30);
    const whole = (body: AsyncIterable<Uint8Array>, range?: { start: number; sizeBytes?: number }) =>
      refusal(uploads.finish(REPOSITORY, uploads.start(REPOSITORY), digest, body, range));
    expect(await whole(chunks(bytes, 'x'))).toMatchObject({ code: 'DIGEST_INVALID' });
    expect(await whole(chunks(bytes), { start: 0, sizeBytes: 29 })).toMatchObject({ code: 'SIZE_INVALID' });
    expect(await whole(chunks(bytes), { start: 1 })).toEqual(at(0));
    expect(await refusal(uploads.putWhole(REPOSITORY, digest, chunks('x')))).toMatchObject({ code: 'DIGEST_INVALID' });
    await expect(uploads.putWhole(REPOSITORY, digest, broken(bytes))).rejects.toThrow('connection reset');
    expect(await keysUnder(memory, '')).toEqual([]);
  });

  test('what nobody can use any more is swept, what is in use stays', async () => {
    const { start, memory, clock } = openReplicas();
    const { uploads } = start();
    const { bytes, digest } = sampleBlob(100);
    const committed = uploads.start(REPOSITORY);
    await uploads.append(REPOSITORY, committed, chunks(bytes));
    await uploads.finish(REPOSITORY, committed, digest);
    const abandoned = uploads.start(REPOSITORY);
    await uploads.append(REPOSITORY, abandoned, chunks(bytes));
    const cancelled = uploads.start(REPOSITORY);
    await uploads.cancel(REPOSITORY, cancelled);
    expect(await uploads.sweep()).toEqual({ removed: 0 });
    clock.advance(2 * 86_400_000 - 1);
    const young = uploads.start(REPOSITORY);
    await uploads.append(REPOSITORY, young, chunks(bytes));
    expect(await uploads.sweep()).toEqual({ removed: 0 });
    clock.advance(2_000);
    expect(await uploads.sweep()).toEqual({ removed: 3 });
    expect(await keysUnder(memory, keys.uploads)).toEqual([keys.upload(young.split('.')[0] ?? '')]);
    expect(await pull(memory, digest)).toEqual(bytes);
    await uploads.finish(REPOSITORY, young, digest);
  });

  test.each([
    { inOrder: false, atOnce: { putData: 1, put: 2 } },
    { inOrder: true, atOnce: { put: 3 } },
  ])('each step asks no more of the store than it has to (puts in order: $inOrder)', async ({ inOrder, atOnce }) => {
    const sizes = { streamedPartBytes: 8, checkpointBytes: 1e6 };
    const { start, counter, ensured } = openReplicas({ sizes, inOrder });
    const { uploads } = start();
    const calls = async (work: () => Promise<unknown>) => {
      counter.reset();
      await work();
      return counter.calls();
    };
    const [small, large, whole, posted] = [4, 100, 50, 51].map((sizeBytes) => sampleBlob(sizeBytes));
    if (!small || !large || !whole || !posted) throw new Error('four blobs');
    const ids = [0, 1, 2].map(() => uploads.start(REPOSITORY));
    const [one = '', two = '', three = ''] = ids;
    expect(await calls(async () => uploads.start(REPOSITORY))).toEqual({});
    // A body in one stream: the session names the data object before the first byte is in it.
    expect(await calls(() => uploads.append(REPOSITORY, one, chunks(large.bytes)))).toEqual({
      get: 1,
      beginData: 1,
      writePart: 1,
      put: 2,
    });
    // The session says so, link, record, the session is done.
    expect(await calls(() => uploads.finish(REPOSITORY, one, large.digest))).toEqual({
      get: 1,
      completeData: 1,
      put: 4,
    });
    expect(await calls(() => uploads.append(REPOSITORY, two, chunks(small.bytes)))).toEqual({ get: 1, put: 1 });
    expect(await calls(() => uploads.finish(REPOSITORY, two, small.digest))).toEqual({ get: 1, putData: 1, put: 3 });
    expect(await calls(() => uploads.finish(REPOSITORY, three, whole.digest, chunks(whole.bytes)))).toEqual({
      get: 1,
      ...atOnce,
    });
    expect(await calls(() => uploads.putWhole(REPOSITORY, posted.digest, chunks(posted.bytes)))).toEqual(atOnce);
    // The record is there, then the link, too: what is there is read, and the bytes that came again go.
    const other = await calls(() => uploads.putWhole(OTHER, posted.digest, chunks(posted.bytes)));
    expect(other).toEqual({ ...atOnce, get: 1, delete: 1 });
    const again = await calls(() => uploads.putWhole(OTHER, posted.digest, chunks(posted.bytes)));
    expect(again).toEqual({ ...atOnce, get: 2, delete: 1 });
    expect(new Set(ensured)).toEqual(new Set([REPOSITORY, OTHER]));
  });
});
