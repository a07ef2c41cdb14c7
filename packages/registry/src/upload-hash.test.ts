import { describe, expect, test } from '@jest/globals';
import { digestOf } from '@atoll/core';
import { keys } from '@atoll/storage';
import fc from 'fast-check';
import { chunks, openReplicas, pull, REPOSITORY, sampleBlob } from './testing/replicas.js';
import { nativeHash, resumableHash, resumeHash, updateGently, type SavedHash } from './upload-hash.js';

/** hash-wasm begins a saved state with four bytes that stand for its own build. */
const OTHER_BUILD: SavedHash = { algorithm: 'sha256', state: Buffer.alloc(116, 1).toString('base64') };

describe('UploadHash', () => {
  test('a hash that is handed from process to process gives the digest of everything', async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(pieces, async (all) => {
        let saved = (await resumableHash()).save() ?? null;
        for (const piece of all) {
          const hash = await resumeHash(saved);
          await hash.update(piece);
          saved = hash.save() ?? null;
        }
        expect(await (await resumeHash(saved)).finish('sha256')).toBe(digestOf(Buffer.concat(all)));
      }),
    );
  });

  test('a state of another build is no state', async () => {
    const hash = await resumeHash(OTHER_BUILD);
    await hash.update(Buffer.from('x'));
    expect(hash.save()).toBeUndefined();
    expect(await hash.finish('sha256')).toBeUndefined();
  });

  test('a native hash knows its own algorithm and cannot be handed on', async () => {
    const hash = nativeHash('sha512');
    const bytes = Buffer.alloc(3_000_000, 'abc');
    await updateGently(hash, bytes);
    expect(hash.save()).toBeUndefined();
    expect(await hash.finish('sha256')).toBeUndefined();
    expect(await hash.finish('sha512')).toBe(digestOf(bytes, 'sha512'));
  });

  test('an upload whose hash is of another build is read again when it is complete', async () => {
    const { start, memory, counter } = openReplicas();
    const { uploads } = start();
    const { bytes, digest } = sampleBlob(100);
    const id = uploads.start(REPOSITORY);
    await uploads.append(REPOSITORY, id, chunks(bytes.subarray(0, 50)), { start: 0 });
    const key = keys.upload(id.split('.')[0] ?? '');
    const session = (await memory.get(key))?.body.toString('latin1') ?? '';
    const tampered = session.replace(/"state":"[A-Za-z0-9+/=]{100,}"/, `"state":"${OTHER_BUILD.state}"`);
    expect(tampered).not.toBe(session);
    await memory.put(key, Buffer.from(tampered, 'latin1'), { blind: true });
    await uploads.append(REPOSITORY, id, chunks(bytes.subarray(50)), { start: 50 });
    counter.reset();
    await uploads.finish(REPOSITORY, id, digest);
    expect(counter.calls().open).toBe(1);
    expect(await pull(memory, digest)).toEqual(bytes);
  });

  test.each([
    { what: 'one stream', sends: [100], ranged: false, algorithm: 'sha256', reads: 0 },
    { what: 'ranges', sends: [50, 50], ranged: true, algorithm: 'sha256', reads: 0 },
    { what: 'few bytes, then a stream', sends: [3, 97], ranged: false, algorithm: 'sha256', reads: 0 },
    {
      what: 'few bytes, for a digest that nobody announced',
      sends: [3, 3],
      ranged: false,
      algorithm: 'sha512',
      reads: 0,
    },
    {
      what: 'one stream, for a digest that nobody announced',
      sends: [100],
      ranged: false,
      algorithm: 'sha512',
      reads: 1,
    },
    { what: 'two streams', sends: [50, 50], ranged: false, algorithm: 'sha256', reads: 1 },
  ] as const)('$what: the data object is read $reads times', async ({ sends, ranged, algorithm, reads }) => {
    const { start, memory, counter } = openReplicas();
    const { uploads } = start();
    const { bytes, digest } = sampleBlob(
      sends.reduce((sum, sizeBytes) => sum + sizeBytes, 0),
      algorithm,
    );
    const id = uploads.start(REPOSITORY);
    let offset = 0;
    for (const sizeBytes of sends) {
      const body = chunks(bytes.subarray(offset, offset + sizeBytes));
      await uploads.append(REPOSITORY, id, body, ranged ? { start: offset, sizeBytes } : undefined);
      offset += sizeBytes;
    }
    await uploads.finish(REPOSITORY, id, digest);
    expect(counter.calls().open ?? 0).toBe(reads);
    expect(await pull(memory, digest)).toEqual(bytes);
  });
});
