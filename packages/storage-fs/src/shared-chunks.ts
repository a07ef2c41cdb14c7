import type { BufferPool } from '@atoll/storage';
import { Chunk, type Piece, type ReadAt } from './chunk.js';
import { ChunkReader, type ChunkSource } from './chunk-reader.js';

/** A file that is open. */
export interface OpenFile {
  /** Equal names stand for equal bytes, as long as any of them is open. */
  readonly name: string;
  readonly sizeBytes: number;
}

/** The larger the chunks are, the less they cost for each byte; a file takes two of them for each reader. */
export interface ChunkMemory {
  readonly large: BufferPool;
  /** How many files at a time are read in large chunks, those that fit into a small one left out. */
  readonly largeFiles: number;
  /** For the files beyond. */
  readonly small: BufferPool;
  /** What may be kept for readers behind others, beyond what is in use. */
  readonly keptBytes: number;
}

/**
 * Lets readers of one file that are near each other read each chunk of it once. A chunk stays in memory while somebody uses it, and,
 * within the limit, while somebody is about to come to it. Nobody waits for another reader, only for the disk: who has fallen too far
 * behind reads for itself, and for those behind it.
 */
export class SharedChunks {
  readonly #files = new Map<string, SharedFile>();
  #largeFiles = 0;
  /** Chunks that are kept for those behind, of all files, the one that was put here first at its front. */
  readonly #kept = new Map<Chunk, SharedFile>();
  #keptBytes = 0;

  constructor(private readonly memory: ChunkMemory) {}

  /** A reader of that span. What is read with its `read` others get, too. It must leave. */
  join(file: OpenFile, span: Piece, read: ReadAt): ChunkReader {
    const shared = this.#files.get(file.name) ?? this.#add(file);
    const reader = new ChunkReader(this.#sourceOf(shared), span, read);
    shared.readers.add(reader);
    return reader;
  }

  #add(file: OpenFile): SharedFile {
    const { large, largeFiles, small } = this.memory;
    const isLarge = file.sizeBytes > small.bufferBytes && this.#largeFiles < largeFiles;
    const shared = new SharedFile(file, isLarge ? large : small);
    if (isLarge) this.#largeFiles++;
    this.#files.set(file.name, shared);
    return shared;
  }

  #sourceOf(file: SharedFile): ChunkSource {
    const { chunkBytes } = file;
    return {
      chunkBytes,
      windowChunks: Math.floor(this.memory.keptBytes / chunkBytes),
      use: ({ read }, piece) => this.#use(file, piece, read),
      release: (chunk) => this.#release(file, chunk),
      leave: (reader) => this.#leave(file, reader),
    };
  }

  #use(file: SharedFile, piece: Piece, read: ReadAt): Chunk {
    const chunk = file.find(piece) ?? this.#load(file, piece, read);
    this.#unkeep(chunk);
    chunk.users++;
    return chunk;
  }

  #load(file: SharedFile, piece: Piece, read: ReadAt): Chunk {
    const chunk = new Chunk(piece, file.buffers.take(), read);
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
    this.#keptBytes += chunk.memory.length;
    for (const [longest, of] of this.#kept) {
      if (this.#keptBytes <= this.memory.keptBytes) break;
      this.#drop(of, longest);
    }
  }

  #leave(file: SharedFile, reader: ChunkReader): void {
    file.readers.delete(reader);
    if (file.readers.size === 0 && this.#files.get(file.name) === file) {
      this.#files.delete(file.name);
      if (file.buffers === this.memory.large) this.#largeFiles--;
    }
    for (const [chunk, of] of this.#kept) if (of === file && !file.wants(chunk)) this.#drop(file, chunk);
  }

  #drop(file: SharedFile, chunk: Chunk): void {
    this.#unkeep(chunk);
    file.remove(chunk);
    if (chunk.reusable) file.buffers.give(chunk.memory);
  }

  #unkeep(chunk: Chunk): void {
    if (this.#kept.delete(chunk)) this.#keptBytes -= chunk.memory.length;
  }
}

class SharedFile {
  readonly readers = new Set<ChunkReader>();
  readonly #chunks = new Map<number, Chunk>();

  constructor(
    private readonly file: OpenFile,
    readonly buffers: BufferPool,
  ) {}

  get name(): string {
    return this.file.name;
  }

  get chunkBytes(): number {
    return this.buffers.bufferBytes;
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
