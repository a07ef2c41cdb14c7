import type { BufferPool } from '@atoll/storage';
import { Chunk, type Piece, type ReadAt } from './chunk.js';
import { ChunkReader, type ChunkSource } from './chunk-reader.js';

/** A file that is open. */
export interface OpenFile {
  /** Equal names stand for equal bytes, as long as any of them is open. */
  readonly name: string;
  readonly sizeBytes: number;
}

/**
 * Lets readers of one file that are near each other read each chunk of it once. A chunk stays in memory while somebody uses it, and,
 * within the limit, while somebody is about to come to it. Nobody waits for another reader, only for the disk: who has fallen too far
 * behind reads for itself, and for those behind it.
 */
export class SharedChunks {
  readonly #files = new Map<string, SharedFile>();
  /** Chunks that are kept for those behind, of all files, the one that was put here first at its front. */
  readonly #kept = new Map<Chunk, SharedFile>();

  constructor(
    private readonly buffers: BufferPool,
    private readonly keptAtMost: number,
  ) {}

  get chunkBytes(): number {
    return this.buffers.bufferBytes;
  }

  /** A reader of that span. What is read with its `read` others get, too. It must leave. */
  join(file: OpenFile, span: Piece, read: ReadAt): ChunkReader {
    const shared = this.#files.get(file.name) ?? new SharedFile(file, this.chunkBytes);
    this.#files.set(file.name, shared);
    const reader = new ChunkReader(this.#sourceOf(shared), span, read);
    shared.readers.add(reader);
    return reader;
  }

  #sourceOf(file: SharedFile): ChunkSource {
    return {
      chunkBytes: this.chunkBytes,
      windowChunks: this.keptAtMost,
      use: ({ read }, piece) => this.#use(file, piece, read),
      release: (chunk) => this.#release(file, chunk),
      leave: (reader) => this.#leave(file, reader),
    };
  }

  #use(file: SharedFile, piece: Piece, read: ReadAt): Chunk {
    const chunk = file.find(piece) ?? this.#load(file, piece, read);
    this.#kept.delete(chunk);
    chunk.users++;
    return chunk;
  }

  #load(file: SharedFile, piece: Piece, read: ReadAt): Chunk {
    const chunk = new Chunk(piece, this.buffers.take(), read);
    file.add(chunk);
    // Whoever waits for a chunk that cannot be read is told why; whoever comes later tries again.
    void chunk.bytes.catch(() => file.remove(chunk)).then(() => this.#release(file, chunk));
    return chunk;
  }

  #release(file: SharedFile, chunk: Chunk): void {
    chunk.users--;
    if (chunk.users > 0) return;
    if (!file.wants(chunk)) return this.#drop(file, chunk);
    this.#kept.set(chunk, file);
    const [longest] = this.#kept;
    if (this.#kept.size > this.keptAtMost && longest) this.#drop(longest[1], longest[0]);
  }

  #leave(file: SharedFile, reader: ChunkReader): void {
    file.readers.delete(reader);
    if (file.readers.size === 0 && this.#files.get(file.name) === file) this.#files.delete(file.name);
    for (const [chunk, of] of this.#kept) if (of === file && !file.wants(chunk)) this.#drop(file, chunk);
  }

  #drop(file: SharedFile, chunk: Chunk): void {
    this.#kept.delete(chunk);
    file.remove(chunk);
    if (chunk.reusable) this.buffers.give(chunk.memory);
  }
}

class SharedFile {
  readonly readers = new Set<ChunkReader>();
  readonly #chunks = new Map<number, Chunk>();

  constructor(
    private readonly file: OpenFile,
    private readonly chunkBytes: number,
  ) {}

  get name(): string {
    return this.file.name;
  }

  find({ start }: Piece): Chunk | undefined {
    return this.#chunks.get(this.#indexOf(start));
  }

  /** A piece of a chunk, as a range begins or ends with, is of no use to others. */
  add(chunk: Chunk): void {
    const { start, end } = chunk.piece;
    const index = this.#indexOf(start);
    const isWhole = start === index * this.chunkBytes && end === Math.min(start + this.chunkBytes, this.file.sizeBytes);
    if (isWhole) this.#chunks.set(index, chunk);
  }

  remove(chunk: Chunk): void {
    const index = this.#indexOf(chunk.piece.start);
    if (this.#chunks.get(index) === chunk) this.#chunks.delete(index);
  }

  wants(chunk: Chunk): boolean {
    const index = this.#indexOf(chunk.piece.start);
    if (this.#chunks.get(index) !== chunk) return false;
    for (const reader of this.readers) if (reader.wants(index)) return true;
    return false;
  }

  #indexOf(position: number): number {
    return Math.floor(position / this.chunkBytes);
  }
}
