import { journalEntrySchema, jsonCodec, readObject, updateObject, type JournalEntry } from '@atoll/registry';
import { keys, type CallOptions, type ObjectStore, type ReadableStore } from '@atoll/storage';
import { z } from 'zod';

/** Up to a thousand changes under one number, never changed once written (docs/adr/0003-journal.md). */
export interface Segment {
  /** Random, so that equal numbers of two journals are told apart. */
  readonly n: string;
  /** When it was sealed, in milliseconds since 1970. */
  readonly at: number;
  readonly entries: readonly JournalEntry[];
}

/** Segments `floor + 1` to `next - 1` exist. One at `next` may, when its sequencer has not got further yet. */
export interface JournalHead {
  readonly next: number;
  readonly floor: number;
}

/** The first segment not yet taken in. */
export interface Watermark {
  readonly next: number;
}

const FIRST_HEAD: JournalHead = { next: 1, floor: 0 };

const segmentCodec = jsonCodec<Segment>(
  z.object({ n: z.string(), at: z.int().nonnegative(), entries: z.array(journalEntrySchema) }),
);
const headCodec = jsonCodec<JournalHead>(z.object({ next: z.int().positive(), floor: z.int().nonnegative() }));
const watermarkCodec = jsonCodec<Watermark>(z.object({ next: z.int().positive() }));

export async function readSegment(
  store: Pick<ReadableStore, 'get'>,
  shard: number,
  number: number,
  o: CallOptions = {},
): Promise<Segment | undefined> {
  return (await readObject(store, keys.segment(shard, number), segmentCodec, o))?.value;
}

export async function readHead(
  store: Pick<ReadableStore, 'get'>,
  shard: number,
  o: CallOptions = {},
): Promise<JournalHead> {
  return (await readObject(store, keys.journalHead(shard), headCodec, o))?.value ?? FIRST_HEAD;
}

/** Changes the head by compare-and-swap; answers what stands there afterwards. */
export async function updateHead(
  store: Pick<ObjectStore, 'get' | 'put'>,
  shard: number,
  change: (old: JournalHead) => JournalHead | undefined,
  o: CallOptions = {},
): Promise<JournalHead> {
  const updated = await updateObject(store, keys.journalHead(shard), headCodec, (old) => change(old ?? FIRST_HEAD), o);
  return updated?.value ?? FIRST_HEAD;
}

export async function readWatermark(
  store: Pick<ReadableStore, 'get'>,
  source: string,
  shard: number,
  o: CallOptions = {},
): Promise<Watermark | undefined> {
  return (await readObject(store, keys.watermark(source, shard), watermarkCodec, o))?.value;
}

export async function updateWatermark(
  store: Pick<ObjectStore, 'get' | 'put'>,
  source: string,
  shard: number,
  change: (old: Watermark | undefined) => Watermark | undefined,
  o: CallOptions = {},
): Promise<void> {
  await updateObject(store, keys.watermark(source, shard), watermarkCodec, change, o);
}
