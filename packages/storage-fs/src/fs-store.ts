import * as nodeFiles from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type {
  CallOptions,
  Capabilities,
  Chunks,
  DeleteCondition,
  DeleteOutcome,
  Json,
  Listed,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  OrderedPut,
  PartPlace,
  PartReceipt,
  PutCondition,
  PutOptions,
  PutOutcome,
  ReadableStore,
  Version,
} from '@atoll/storage';
import type { FsStoreOptions } from './fs-store-options.js';
import { OwnerLock } from './owner-lock.js';
import { prepareRoot } from './prepare-root.js';
import { storeParts, type StoreParts } from './store-parts.js';
import { tidyRoot } from './tidy-root.js';
import { toStorageError } from './to-storage-error.js';

/**
 * Objects as files on a local disk (docs/drivers/filesystem.md).
 *
 * ```
 * <root>/objects/<key>   visible objects; never changed in place, only linked, renamed over and unlinked
 * <root>/parts/<key>     data objects being written in parts
 * <root>/tmp/<n>         drafts
 * <root>/log/<n>         small changes that the files show but that are durable only here (docs/adr/0007-group-commit.md)
 * <root>/lock.<n>        the process that owns the folder
 * ```
 *
 * One process owns a folder, so a mutex in memory makes compare-and-swap. A version is a file's time and inode: both belong to one
 * write, for two files that exist together differ in their inode, and a later file has a later time (Stamps).
 */
export class FsStore implements ObjectStore {
  readonly url: string;
  readonly capabilities: Capabilities = {
    conditionalDelete: true,
    presign: false,
    parts: { minBytes: 0, maxCount: Number.MAX_SAFE_INTEGER, equal: false, streamed: true },
  };
  readonly #parts: StoreParts;

  private constructor(parts: StoreParts) {
    this.#parts = parts;
    this.url = pathToFileURL(parts.disk.paths.root).href;
  }

  /**
   * @throws StorageError 'locked' when another process owns the folder, 'read-only' when it cannot be written, 'unsupported' when
   *   the file system does not keep what versions are made of
   */
  static async open(options: FsStoreOptions): Promise<FsStore> {
    const root = resolve(options.root);
    const files = options.files ?? nodeFiles;
    if (options.readOnly) return new FsStore(storeParts(files, root, undefined, options));
    try {
      await prepareRoot(files, root);
      const lock = await OwnerLock.acquire(files, root);
      const parts = storeParts(files, root, lock, options);
      await tidyRoot(parts).catch(async (cause: unknown) => {
        await lock.release();
        throw cause;
      });
      return new FsStore(parts);
    } catch (cause) {
      throw toStorageError(cause, root);
    }
  }

  get(key: string, options?: CallOptions): Promise<{ info: ObjectInfo; body: Buffer } | undefined> {
    return this.#parts.reads.get(key, options);
  }

  /** What this process keeps of the objects is right, as no other writes them. */
  versionAtHand(key: string): Version | undefined {
    return this.#parts.known.versionAtHand(key);
  }

  open(key: string, options?: CallOptions & { start?: number; end?: number }) {
    return this.#parts.reads.open(key, options);
  }

  head(key: string, options?: CallOptions): Promise<ObjectInfo | undefined> {
    return this.#parts.reads.head(key, options);
  }

  put(key: string, body: Uint8Array, condition: PutCondition, options?: PutOptions): Promise<PutOutcome> {
    return this.#parts.changes.put(key, body, condition, options);
  }

  /** With one flush for all of them. */
  putInOrder(puts: readonly OrderedPut[], options?: CallOptions): Promise<PutOutcome[]> {
    return this.#parts.changes.putInOrder(puts, options);
  }

  delete(key: string, condition: DeleteCondition, options?: CallOptions): Promise<DeleteOutcome> {
    return this.#parts.changes.delete(key, condition, options);
  }

  list(prefix: string, options: ListOptions): Promise<Listed> {
    return this.#parts.reads.list(prefix, options);
  }

  putData(key: string, chunks: Chunks, options?: CallOptions): Promise<{ sizeBytes: number }> {
    return this.#parts.data.put(key, chunks, options);
  }

  /** Files are copied by reading them, which whoever verifies them does anyway. */
  async copyFrom(
    _source: ReadableStore,
    _sourceKey: string,
    _key: string,
    { signal }: CallOptions,
  ): Promise<undefined> {
    signal?.throwIfAborted();
  }

  async beginData(key: string, options?: CallOptions): Promise<Json> {
    await this.#parts.data.begin(key, options);
    return {};
  }

  writePart(key: string, _upload: Json, part: PartPlace, chunks: Chunks, options?: CallOptions): Promise<PartReceipt> {
    return this.#parts.data.writePart(key, part, chunks, options);
  }

  completeData(key: string, _upload: Json, parts: readonly PartReceipt[], options?: CallOptions) {
    return this.#parts.data.complete(key, parts, options);
  }

  abortData(key: string, _upload: Json, options?: CallOptions): Promise<void> {
    return this.#parts.data.abort(key, options);
  }

  async presignGet(): Promise<undefined> {
    return undefined;
  }

  /**
   * Waits for the writes under way, makes the files durable, then lets another process own the folder. Safe to repeat.
   * @throws StorageError when files could not be flushed: what was acknowledged is in the log, and the next owner writes it again
   */
  async close(): Promise<void> {
    const { disk, writes, late, log, shower, lock } = this.#parts;
    await writes.close();
    try {
      await late
        .close()
        .finally(() => log.close())
        .finally(() => shower.close())
        .finally(() => lock?.release());
    } catch (cause) {
      throw toStorageError(cause, disk.paths.root);
    }
  }
}
