import { randomBytes } from 'node:crypto';
import { digestOf, parseRepositoryName, type Digest, type DigestAlgorithm } from '@atoll/core';
import { countCalls, faulty, keys, MemoryStore, type Capabilities, type Fault, type ObjectStore } from '@atoll/storage';
import type { BlobReferences } from '../blob-deletion.js';
import { Blobs } from '../blobs.js';
import { ResumableCopies } from '../resumable-copies.js';
import type { UploadSizes } from '../upload-plan.js';
import { Uploads } from '../uploads.js';
import { FakeClock } from './region.js';

/** How stores take the parts of a data object, each strict about it. */
export const PART_MODES: Record<'streamed' | 'equal' | 'growing', Partial<Capabilities['parts']>> = {
  streamed: {},
  equal: { streamed: false, equal: true, minBytes: 8, maxCount: 10_000 },
  growing: { streamed: false, equal: false, minBytes: 8, maxCount: 10_000 },
};
export type PartMode = keyof typeof PART_MODES;

export const SMALL: UploadSizes = { partBytes: 16, streamedPartBytes: 8, checkpointBytes: 64 };
export const REPOSITORY = parseRepositoryName('team/app');

export const LEAST_COPY_BYTES = 50;

export interface Process {
  readonly uploads: Uploads;
  /** Of blobs from {@link LEAST_COPY_BYTES} on. */
  readonly copies: ResumableCopies;
  readonly blobs: Blobs;
}

/** One region's store and as many processes on it as a test wants; they share nothing else. */
export function openReplicas({
  parts = 'streamed',
  sizes = SMALL,
  references = { intentsNaming: async () => false, manifestsNaming: async () => false },
  wrap = (store) => store,
  conditionalDelete = true,
  inOrder = parts === 'streamed',
}: {
  parts?: PartMode;
  sizes?: Partial<UploadSizes>;
  references?: BlobReferences;
  wrap?: (store: ObjectStore) => ObjectStore;
  conditionalDelete?: boolean;
  /** Whether the store puts in order, as that of a folder does. */
  inOrder?: boolean;
} = {}) {
  const clock = new FakeClock();
  const memory = new MemoryStore({ clock, parts: PART_MODES[parts], conditionalDelete, inOrder });
  const faults: Fault[] = [];
  const counter = countCalls(wrap(faulty(memory, faults)));
  const identity = { region: 'eu', uploadSecret: randomBytes(32).toString('base64url') };
  const ensured: string[] = [];
  const leftBehind: unknown[] = [];
  /** Another store than the counted one is a view of the same. */
  const start = (region = identity.region, store: ObjectStore = counter.store): Process => {
    const catalog = { ensure: async (repository: string) => void ensured.push(repository) };
    const blobs = new Blobs({ store, references, catalog, clock });
    const onLeftBehind = (cause: unknown) => void leftBehind.push(cause);
    const uploads = new Uploads({
      store,
      identity: { ...identity, region },
      blobs,
      clock,
      sizes,
      onLeftBehind,
    });
    const copies = new ResumableCopies({
      store,
      blobs,
      clock,
      sizes,
      leastBytes: LEAST_COPY_BYTES,
      onLeftBehind,
    });
    return { uploads, blobs, copies };
  };
  return { clock, memory, faults, counter, identity, ensured, leftBehind, start };
}

export async function* chunks(...pieces: (Uint8Array | string)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield typeof piece === 'string' ? Buffer.from(piece) : piece;
}

/** A body that breaks off behind its pieces. */
export async function* broken(...pieces: (Uint8Array | string)[]): AsyncGenerator<Uint8Array> {
  yield* chunks(...pieces);
  throw new Error('connection reset');
}

/** Bytes that tell where they were. */
export function content(sizeBytes: number): Buffer {
  return Buffer.from(Array.from({ length: sizeBytes }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
}

export async function readAll(store: ObjectStore, key: string): Promise<Buffer | undefined> {
  return (await store.get(key))?.body;
}

export async function keysUnder(store: ObjectStore, prefix: string): Promise<string[]> {
  const { entries } = await store.list(prefix, { limit: 1000 });
  return entries.map(({ key }) => key);
}

/** What a pull of the blob would give, read past every cache. */
export async function pull(store: ObjectStore, digest: Digest, repository = REPOSITORY): Promise<Buffer | undefined> {
  const none: BlobReferences = { intentsNaming: async () => false, manifestsNaming: async () => false };
  const blobs = new Blobs({ store, references: none, catalog: { ensure: async () => undefined } });
  const found = await blobs.find(repository, digest);
  if (found === undefined) return undefined;
  const body: Uint8Array[] = [];
  for await (const chunk of (await blobs.open(found)) as AsyncIterable<Uint8Array>) body.push(chunk);
  return Buffer.concat(body);
}

export function sampleBlob(
  sizeBytes: number,
  algorithm: DigestAlgorithm = 'sha256',
): { bytes: Buffer; digest: Digest } {
  const bytes = content(sizeBytes);
  return { bytes, digest: digestOf(bytes, algorithm) };
}

export const dataPrefix = keys.data('');
