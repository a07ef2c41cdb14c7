import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BufferPool } from '@atoll/storage';
import type { Claim } from './chunk-reader.js';
import { SharedChunks } from './shared-chunks.js';

const CHUNK_BYTES = 10;
const SMALL_CHUNK_BYTES = 4;
const KEPT = 3;
const CONTENT = Buffer.from(Array.from({ length: 105 }, (_, at) => at));

/** A disk whose reads end when they are told to, and which knows who may be at which memory. */
class Disk {
  readonly pool = new BufferPool(CHUNK_BYTES, 100);
  readonly small = new BufferPool(SMALL_CHUNK_BYTES, 100);
  readonly chunks: SharedChunks;
  file = { name: 'a', sizeBytes: CONTENT.length };
  readonly inUse = new Map<ArrayBufferLike, number>();
  readonly memory = new Set<ArrayBufferLike>();
  readonly waiting: (() => void)[] = [];
  reads = 0;
  fault: Error | undefined;

  constructor({ largeFiles = 100, keptBytes = KEPT * CHUNK_BYTES } = {}) {
    this.chunks = new SharedChunks({ large: this.pool, largeFiles, small: this.small, keptBytes });
  }

  readonly read = async (buffer: Buffer, position: number): Promise<number> => {
    if ((this.inUse.get(buffer.buffer) ?? 0) > 0) throw new Error('memory that somebody uses is read into');
    this.memory.add(buffer.buffer);
    this.reads++;
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (this.fault) throw this.fault;
    return CONTENT.copy(buffer, 0, position, position + buffer.length);
  };

  open(start = 0, end = CONTENT.length): Follower {
    return new Follower(this, start, end);
  }

  /** Lets reads end until none is waiting. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) {
      for (const end of this.waiting.splice(0)) end();
      await new Promise(setImmediate);
    }
  }
}

/** Reads as a body does: one piece is used while the next is claimed. */
class Follower {
  readonly taken: Buffer[] = [];
  failure: unknown;
  #using: { claim: Claim; memory: ArrayBufferLike } | undefined;
  #next: Claim | undefined;
  #left = false;
  readonly #reader;

  constructor(
    private readonly disk: Disk,
    private readonly start: number,
    private readonly end: number,
  ) {
    this.#reader = disk.chunks.join(disk.file, { start, end }, disk.read);
    this.#next = this.#reader.claim();
  }

  get ended(): boolean {
    return this.#left;
  }

  /** Is done with what it had, and takes up the next piece once that is there. */
  async step(): Promise<void> {
    const claim = this.#next;
    if (this.#left || claim === undefined) return this.leave();
    try {
      const bytes = await claim.bytes;
      // It may have left, or have gone on, while it waited.
      if (this.#left || this.#next !== claim) return;
      this.#release();
      this.#using = { claim, memory: bytes.buffer };
      this.disk.inUse.set(bytes.buffer, (this.disk.inUse.get(bytes.buffer) ?? 0) + 1);
      this.#next = this.#reader.claim();
      expect(bytes.length).toBe(claim.sizeBytes);
      this.taken.push(Buffer.from(bytes));
      this.check();
    } catch (cause) {
      this.failure ??= cause;
      this.leave();
    }
  }

  /** What it uses is still what it was. */
  check(): void {
    const expected = CONTENT.subarray(this.start, this.start + Buffer.concat(this.taken).length);
    if (!Buffer.concat(this.taken).equals(expected)) throw new Error('other bytes');
  }

  leave({ abandoning = false } = {}): void {
    if (this.#left) return;
    this.#left = true;
    if (abandoning && this.#using) this.#using.claim.abandon();
    else this.#release();
    this.#next?.end();
    this.#reader.leave();
  }

  get isWhole(): boolean {
    return Buffer.concat(this.taken).equals(CONTENT.subarray(this.start, this.end));
  }

  #release(): void {
    if (this.#using === undefined) return;
    const { claim, memory } = this.#using;
    this.disk.inUse.set(memory, (this.disk.inUse.get(memory) ?? 0) - 1);
    this.#using = undefined;
    claim.end();
  }
}

async function steps(disk: Disk, reader: Follower, count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    const step = reader.step();
    await disk.settle();
    await step;
  }
}

/** Everyone goes to the end, a step in turn, as long as the disk answers. */
async function finish(disk: Disk, readers: readonly Follower[]): Promise<void> {
  for (let turn = 0; turn < 13; turn++) await Promise.all(readers.map((reader) => steps(disk, reader, 1)));
}

test('readers that keep together read each chunk once', async () => {
  const disk = new Disk();
  const readers = Array.from({ length: 8 }, () => disk.open());
  await finish(disk, readers);
  expect(readers.every(({ isWhole }) => isWhole)).toBe(true);
  expect(disk.reads).toBe(11);
});

test('one reader alone uses two buffers turn by turn, and keeps none', async () => {
  const disk = new Disk();
  const reader = disk.open();
  await finish(disk, [reader]);
  expect(reader.isWhole).toBe(true);
  expect(disk.memory.size).toBe(2);
  expect(disk.memory).toContain(disk.pool.take().buffer);
  expect(disk.memory).toContain(disk.pool.take().buffer);
});

test('a reader that stands still holds nobody up, and no more than its two chunks and those that are kept', async () => {
  const disk = new Disk();
  const slow = disk.open();
  const fast = disk.open();
  await steps(disk, slow, 1);
  await finish(disk, [fast]);
  expect(fast.isWhole).toBe(true);
  expect(disk.reads).toBe(11);
  // Two of each reader at most, and those that are kept.
  expect(disk.memory.size).toBeLessThanOrEqual(4 + KEPT);
  // It has two, and the next three were kept for it; the other six it reads itself.
  await steps(disk, slow, 3);
  expect(disk.reads).toBe(11);
  await finish(disk, [slow]);
  expect(slow.isWhole).toBe(true);
  expect(disk.reads).toBe(11 + 6);
});

test('chunks of several files are kept within one limit', async () => {
  const disk = new Disk();
  const readers = ['a', 'b', 'c'].flatMap((name) => {
    disk.file = { ...disk.file, name };
    return [disk.open(), disk.open()];
  });
  await finish(
    disk,
    readers.filter((_, at) => at % 2 === 0),
  );
  expect(disk.memory.size).toBeLessThanOrEqual(readers.length * 2 + KEPT);
  await finish(disk, readers);
  expect(readers.every(({ isWhole }) => isWhole)).toBe(true);
});

test('a range takes what is in memory of its first and last chunk, and reads no more of them than it needs', async () => {
  const disk = new Disk();
  const alone = disk.open(12, 18);
  await finish(disk, [alone]);
  expect(alone.isWhole).toBe(true);
  const [first, second] = [disk.open(0, 20), disk.open(5, 15)];
  await finish(disk, [first, second]);
  expect([first.isWhole, second.isWhole]).toEqual([true, true]);
  expect(disk.reads).toBe(1 + 2);
});

test('files of other names share nothing', async () => {
  const disk = new Disk();
  const one = disk.open();
  disk.file = { ...disk.file, name: 'b' };
  const other = disk.open();
  await finish(disk, [one, other]);
  expect(disk.reads).toBe(22);
});

test('files beyond those that may be large are read in small chunks, until one of the others is read to its end', async () => {
  const disk = new Disk({ largeFiles: 1 });
  const first = disk.open();
  disk.file = { ...disk.file, name: 'b' };
  const [second, third] = [disk.open(), disk.open()];
  await finish(disk, [first]);
  expect([first.isWhole, disk.reads]).toEqual([true, 11 + 1]);
  // It stays as it has begun, for all its readers.
  for (let turn = 0; turn < 3; turn++) await finish(disk, [second, third]);
  expect([second.isWhole, third.isWhole, disk.reads]).toEqual([true, true, 11 + 27]);
  disk.file = { ...disk.file, name: 'c' };
  const fourth = disk.open();
  await finish(disk, [fourth]);
  expect([fourth.isWhole, disk.reads]).toEqual([true, 11 + 27 + 11]);
});

test('a file that fits into a small chunk is read in one, and leaves the large ones to others', async () => {
  const disk = new Disk({ largeFiles: 1 });
  disk.file = { ...disk.file, sizeBytes: SMALL_CHUNK_BYTES };
  const little = disk.open(0, SMALL_CHUNK_BYTES);
  disk.file = { name: 'b', sizeBytes: CONTENT.length };
  await finish(disk, [little, disk.open()]);
  expect([little.isWhole, disk.reads]).toEqual([true, 1 + 11]);
});

test('an error reaches everyone who waits for the chunk, and the next one tries again', async () => {
  const disk = new Disk();
  const readers = [disk.open(), disk.open(), disk.open()];
  disk.fault = new Error('input/output error');
  await finish(disk, readers);
  expect(readers.map(({ failure }) => failure)).toEqual([disk.fault, disk.fault, disk.fault]);
  expect(disk.reads).toBe(1);
  disk.fault = undefined;
  const later = disk.open();
  await finish(disk, [later]);
  expect(later.isWhole).toBe(true);
});

test('a chunk that could not be read is read again for those behind', async () => {
  const disk = new Disk();
  const [first, second] = [disk.open(), disk.open()];
  await steps(disk, first, 1);
  disk.fault = new Error('input/output error');
  await steps(disk, first, 2);
  expect(first.failure).toBe(disk.fault);
  disk.fault = undefined;
  await finish(disk, [second]);
  expect(second.isWhole).toBe(true);
});

test('the one that reads may leave before the read ends, and the others get the bytes', async () => {
  const disk = new Disk();
  const [first, second] = [disk.open(), disk.open()];
  first.leave();
  await finish(disk, [second]);
  expect(second.isWhole).toBe(true);
  expect(disk.reads).toBe(11);
});

test('memory that was abandoned is not used again, though others go on with it', async () => {
  const disk = new Disk();
  const [first, second] = [disk.open(), disk.open()];
  await Promise.all([steps(disk, first, 1), steps(disk, second, 1)]);
  first.leave({ abandoning: true });
  await finish(disk, [second]);
  expect(second.isWhole).toBe(true);
  const free = new Set<ArrayBufferLike>(Array.from({ length: 20 }, () => disk.pool.take().buffer));
  expect([...disk.memory].filter((memory) => !free.has(memory))).toHaveLength(1);
});

const spanOf = fc
  .tuple(fc.nat({ max: CONTENT.length - 1 }), fc.nat({ max: CONTENT.length }))
  .map(([start, sizeBytes]) => ({ start, end: Math.min(start + sizeBytes + 1, CONTENT.length) }));
const whole = fc.constant({ start: 0, end: CONTENT.length });
const reader = fc.integer({ min: 0, max: 4 });
const action = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('step' as const), reader }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('disk' as const), reader }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('leave' as const, 'abandon' as const), reader }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('breaks' as const, 'heals' as const), reader }) },
);

test('whatever their speeds, ranges, faults and departures, readers get their bytes and nobody reads into memory in use', async () => {
  const spans = fc.array(fc.oneof(whole, spanOf), { minLength: 5, maxLength: 5 });
  const actionsOf = fc.array(action, { maxLength: 120 });
  const property = fc.asyncProperty(spans, actionsOf, fc.boolean(), async (ranges, actions, large) => {
    const disk = new Disk(large ? {} : { largeFiles: 0, keptBytes: KEPT * SMALL_CHUNK_BYTES });
    const fault = new Error('input/output error');
    const readers = ranges.map(({ start, end }) => disk.open(start, end));
    const begun: Promise<void>[] = [];
    for (const { kind, reader: at } of actions) {
      const chosen = readers[at];
      if (kind === 'step' && chosen) begun.push(chosen.step());
      else if (kind === 'disk') disk.waiting.splice(at % Math.max(disk.waiting.length, 1), 1)[0]?.();
      else if (kind === 'breaks') disk.fault = fault;
      else if (kind === 'heals') disk.fault = undefined;
      else chosen?.leave({ abandoning: kind === 'abandon' });
      await new Promise(setImmediate);
    }
    disk.fault = undefined;
    const gone = new Set(readers.filter(({ ended, isWhole }) => ended && !isWhole));
    for (let turn = 0; turn < 3; turn++) await finish(disk, readers);
    await Promise.all(begun);
    for (const one of readers) {
      one.check();
      expect(one.failure ?? fault).toBe(fault);
      expect(one.isWhole || one.failure !== undefined || gone.has(one)).toBe(true);
    }
    // Two of each reader, and those that are kept.
    expect(disk.memory.size - readers.length).toBeLessThanOrEqual(readers.length * 2 + KEPT);
  });
  await fc.assert(property, { numRuns: 300 });
});
