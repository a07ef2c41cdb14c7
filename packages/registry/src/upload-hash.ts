import { createHash, type Hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { digestFromHex, type Digest, type DigestAlgorithm } from '@atoll/core';
import type { ChunkFile, Chunks } from '@atoll/storage';
import { createSHA256 } from 'hash-wasm';

/** A long update would keep every other request waiting. */
const UPDATE_BYTES = 1_048_576;

/** The state of a hash that another process can go on with. It may hold bytes of the content, so it is treated as content. */
export type SavedHash = { readonly algorithm: 'sha256'; readonly state: string };

/** The hash of an upload's bytes while they come in, perhaps over many requests. */
export interface UploadHash {
  /** Reads the bytes until it returns; where it answers a promise, until that is settled, and the next bytes wait for it. */
  update(bytes: Uint8Array): void | Promise<void>;
  /**
   * As `update` with each of the chunks, which are written to the file as well. Absent where the hash would have to copy them for it.
   * @throws what the chunks throw, or what the system says of a write
   */
  writeTo?(file: ChunkFile, chunks: AsyncIterable<Uint8Array>): Promise<number>;
  /** What another process needs to go on from here; `undefined` where this hash cannot be handed on. */
  save(): SavedHash | undefined;
  /** The digest of everything up to here; nothing can follow. `undefined` where this hash does not know that algorithm. */
  finish(algorithm: DigestAlgorithm): Promise<Digest | undefined>;
  /** Lets go of what it holds. Safe to repeat. */
  close(): void;
}

const NOTHING = (): void => undefined;

/** For bytes that all come in one request and are few; many are for a {@link HashThread}. */
export function nativeHash(algorithm: DigestAlgorithm): UploadHash {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    save: () => undefined,
    finish: async (asked) => (asked === algorithm ? digestFromHex(algorithm, hash.digest('hex')) : undefined),
    close: NOTHING,
  };
}

/** The one whose state outlives the process, at a quarter of the native speed. */
export async function resumableHash(saved?: SavedHash): Promise<UploadHash> {
  const hash = await createSHA256();
  if (saved) hash.load(Buffer.from(saved.state, 'base64'));
  return {
    update: (bytes) => void hash.update(bytes),
    save: () => ({ algorithm: 'sha256', state: Buffer.from(hash.save()).toString('base64') }),
    finish: async (asked) => (asked === 'sha256' ? digestFromHex('sha256', hash.digest('hex')) : undefined),
    close: NOTHING,
  };
}

/** For an upload whose earlier bytes were not hashed, or by another build: its data object is read again when it is complete. */
export const unknownHash: UploadHash = {
  update: NOTHING,
  save: () => undefined,
  finish: () => Promise.resolve(undefined),
  close: NOTHING,
};

/** Goes on from a saved state, or answers {@link unknownHash} where there is none or it is another build's. */
export async function resumeHash(saved: SavedHash | null): Promise<UploadHash> {
  if (saved === null) return unknownHash;
  try {
    return await resumableHash(saved);
  } catch {
    // hash-wasm refuses a state that another build of it has saved.
    return unknownHash;
  }
}

/** Updates with much at once, and lets others run in between. */
export async function updateGently(hash: UploadHash, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += UPDATE_BYTES) {
    if (at > 0) await setImmediate();
    await hash.update(bytes.subarray(at, at + UPDATE_BYTES));
  }
}

export async function digestOfChunks(chunks: Chunks, algorithm: DigestAlgorithm): Promise<Digest> {
  const hash: Hash = createHash(algorithm);
  for await (const chunk of chunks) hash.update(chunk);
  return digestFromHex(algorithm, hash.digest('hex'));
}
