import type { FileHandle } from 'node:fs/promises';
import {
  holdSmall,
  StorageError,
  type CallOptions,
  type Chunks,
  type PartPlace,
  type PartReceipt,
} from '@atoll/storage';
import type { ChunkWriter } from './chunk-writer.js';
import type { KnownObjects } from './known-objects.js';
import { LatestOnly } from './latest-only.js';
import type { Change } from './object-cache.js';
import type { ObjectChanges } from './object-changes.js';
import type { Left } from './owned-folders.js';
import type { PartFiles } from './part-files.js';
import type { Publisher } from './publisher.js';
import type { StorePaths } from './store-paths.js';
import type { Writes } from './writes.js';

/** Data objects up to here go through the log: a second copy costs less than two flushes. */
const SMALL_DATA_BYTES = 65_536;

export interface DataFilesParts {
  readonly paths: StorePaths;
  readonly writes: Writes;
  readonly known: KnownObjects;
  readonly changes: ObjectChanges;
  readonly publisher: Publisher;
  readonly partFiles: PartFiles;
  readonly writer: ChunkWriter;
}

/** Writes data objects, in one stream or in parts. Each is written once, so that no two calls make the same. */
export class DataFiles {
  readonly #uploads = new LatestOnly();

  constructor(private readonly parts: DataFilesParts) {}

  async put(key: string, chunks: Chunks, { signal }: CallOptions = {}): Promise<{ sizeBytes: number }> {
    const { writes, changes } = this.parts;
    signal?.throwIfAborted();
    writes.pathOf(key);
    if (chunks.writeTo) return this.#putLarge(key, chunks, { signal });
    const held = await holdSmall(chunks, SMALL_DATA_BYTES, { signal });
    if (held.small === undefined) return this.#putLarge(key, held.all, { signal }).finally(held.end);
    if ((await changes.put(key, held.small, { ifAbsent: true }, { signal })) === 'conflict') throw dataExists(key);
    return { sizeBytes: held.small.length };
  }

  async begin(key: string, { signal }: CallOptions = {}): Promise<void> {
    const { writes, partFiles, paths } = this.parts;
    await writes.run(key, signal, () => partFiles.begin(paths.partOf(key)));
  }

  async writePart(
    key: string,
    { number, offsetBytes }: PartPlace,
    chunks: Chunks,
    { signal }: CallOptions = {},
  ): Promise<PartReceipt> {
    const { writes, partFiles, paths } = this.parts;
    const sizeBytes = await writes.run(key, signal, () =>
      this.#uploads.run(key, (stopped) => {
        const either = signal ? AbortSignal.any([signal, stopped]) : stopped;
        return partFiles.write(key, paths.partOf(key), offsetBytes, chunks, { signal: either });
      }),
    );
    return { number, sizeBytes, tag: '' };
  }

  async complete(key: string, receipts: readonly PartReceipt[], { signal }: CallOptions = {}) {
    const { partFiles, paths } = this.parts;
    const sizeBytes = receipts.reduce((sum, part) => sum + part.sizeBytes, 0);
    await this.#listed(key, signal, async (path) => {
      await this.#uploads.run(key, () => partFiles.complete(key, paths.partOf(key), path, sizeBytes));
      return {};
    });
    return { sizeBytes };
  }

  async abort(key: string, { signal }: CallOptions = {}): Promise<void> {
    const { writes, partFiles, paths } = this.parts;
    await writes.run(key, signal, () => this.#uploads.run(key, () => partFiles.abort(paths.partOf(key))));
  }

  async #putLarge(key: string, chunks: Chunks, { signal }: CallOptions): Promise<{ sizeBytes: number }> {
    const { publisher, writer } = this.parts;
    const { left } = await this.#listed(key, signal, async (path) => {
      const write = (handle: FileHandle) => writer.write(handle, chunks, 0, { signal });
      const facts = await publisher.publish(path, write);
      if (facts === 'exists') throw dataExists(key);
      return { left: facts };
    });
    return { sizeBytes: Number(left.size) };
  }

  /** A write that makes an object which no other call changes, with the cache and the lists kept right. */
  async #listed<T extends Change & Left>(
    key: string,
    signal: AbortSignal | undefined,
    task: (path: string) => Promise<T>,
  ): Promise<T> {
    const { writes, known } = this.parts;
    return writes.run(key, signal, (path) => known.change(key, () => task(path)));
  }
}

function dataExists(key: string): StorageError {
  return new StorageError('corrupt', `the data object ${key} exists`, { key });
}
