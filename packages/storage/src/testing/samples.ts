import { createCipheriv, createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Chunks, ObjectStore, PutCondition, Version } from '../object-store.js';

/** Bytes that look random and are the same in every run. */
export function sample(sizeBytes: number, seed = 'sample'): Buffer {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}

/** The bytes as a source that gives them in pieces of the given size, then fails where an error is given. */
export async function* inPieces(bytes: Uint8Array, pieceBytes: number, fault?: Error): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    await setImmediate();
    yield bytes.subarray(at, at + pieceBytes);
  }
  if (fault) throw fault;
}

/** One piece of memory for all chunks. */
export async function* lent(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  const memory = Buffer.alloc(pieceBytes);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    memory.set(piece);
    yield memory.subarray(0, piece.length);
    memory.fill(0xee);
  }
}

/** Gives the bytes, then calls `onWait` and never gives anything again. */
export async function* thenWaits(bytes: Uint8Array, onWait: () => void): AsyncGenerator<Uint8Array> {
  yield bytes;
  await setImmediate();
  onWait();
  await new Promise<never>(() => undefined);
}

export async function readAll(body: Chunks): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Puts text and returns its version. @throws Error when there is a conflict */
export async function write(
  store: ObjectStore,
  key: string,
  text: string,
  condition: PutCondition = { blind: true },
): Promise<Version> {
  const outcome = await store.put(key, Buffer.from(text), condition);
  if (outcome === 'conflict') throw new Error(`a conflict at ${key}`);
  return outcome.version;
}

export async function read(store: ObjectStore, key: string): Promise<string | undefined> {
  return (await store.get(key))?.body.toString();
}

/** Every key below a prefix, read in pages. */
export async function listAll(store: ObjectStore, prefix: string, limit = 1000): Promise<string[]> {
  const all: string[] = [];
  for (;;) {
    const after = all.at(-1);
    const { entries, more } = await store.list(prefix, after === undefined ? { limit } : { after, limit });
    all.push(...entries.map((entry) => entry.key));
    if (!more) return all;
    if (entries.length === 0) throw new Error('a page without entries says that there is more');
  }
}
