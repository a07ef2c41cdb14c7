import * as nodeFiles from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { addAbortSignal, Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { systemClock, type Clock } from '@atoll/core';
import {
  holdSmall,
  KeyedMutex,
  StorageError,
  type CallOptions,
  type Capabilities,
  type Chunks,
  type DeleteCondition,
  type Json,
  type ObjectInfo,
  type ObjectStore,
  type OrderedPut,
  type PartReceipt,
  type PutCondition,
  type PutOptions,
  type PutOutcome,
  type ReadableStore,
  type Version,
} from '@atoll/storage';
import { BufferPool } from './buffer-pool.js';
import { DurableFiles, type FlushAll } from './durable-files.js';
import { FileBody } from './file-body.js';
import { flushAllOf } from './flush-all.js';
import { unlessAbsent, type FileSystem } from './file-system.js';
import { Folders } from './folders.js';
import { ForeignFolders } from './foreign-folders.js';
import { pathOfKey } from './key-path.js';
import { LatestOnly } from './latest-only.js';
import { ListedFiles } from './listed-files.js';
import { Lister } from './lister.js';
import { LogSegments } from './log-segments.js';
import { LoggedObjects } from './logged-objects.js';
import { CalledFileShower, type FileShower } from './file-shower.js';
import { ShowThread } from './show-thread.js';
import { ObjectCache, type Change, type Known } from './object-cache.js';
import { OwnedFolders, type Left } from './owned-folders.js';
import { OwnerLock } from './owner-lock.js';
import { PartFiles } from './part-files.js';
import { prepareRoot } from './prepare-root.js';
import { thisProcess } from './process-identity.js';
import { Publisher, type FileFacts } from './publisher.js';
import { recoverLog } from './recover-log.js';
import { RecoveryWatch } from './recovery-watch.js';
import { SharedChunks } from './shared-chunks.js';
import { Stamps } from './stamps.js';
import { toReadError, toStorageError } from './to-storage-error.js';
import { isVersion, unshownVersion, versionOf } from './versions.js';
import { writeChunks } from './write-chunks.js';
import { WriteLog } from './write-log.js';

const DEFAULT_CACHE_BYTES = 33_554_432;
const DEFAULT_NAMES_BYTES = 67_108_864;
/** From here on a read or a write costs little beside the copying, and the memory for a hundred streams is still small. */
const BUFFER_BYTES = 1_048_576;
const KEPT_BUFFERS = 16;
/** What may be kept beyond what is being sent, for streams that follow others. */
const KEPT_CHUNKS = 16;
/** Data objects up to here go through the log: a second copy costs less than two flushes. */
const SMALL_DATA_BYTES = 65_536;
const SEGMENT_BYTES = 16_777_216;
/** Whoever reads beside the owner sees what is short-lived after twice as long, if it lives that long. */
const SHOW_AFTER_MS = 500;

export interface FsStoreOptions {
  /** Made when it is not there, unless `readOnly`. */
  readonly root: string;
  /** Reads beside the process that owns the folder, also before there is one: no lock, no cache, no write. */
  readonly readOnly?: boolean;
  /** How much memory small objects may take; 32 MiB by default. */
  readonly cacheBytes?: number;
  /** How much memory the names of listed folders may take, roughly; 64 MiB by default. */
  readonly namesBytes?: number;
  readonly clock?: Clock;
  readonly files?: FileSystem;
  /** How all files are flushed at once; by default with `sync` where it can be relied on, and never with `files` of one's own. */
  readonly flushAll?: FlushAll;
  /** How long a segment of the log becomes; 16 MiB by default. */
  readonly segmentBytes?: number;
  /** How often what is only in the log is looked through for what has been there since the last time, to be shown; 0.5 s by default. */
  readonly showAfterMs?: number;
}

type Deletion = 'deleted' | 'absent' | 'conflict';

interface Written extends Change, Left {
  /** Absent where there was a conflict. */
  readonly version?: Version;
}

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
  readonly #root: string;
  readonly #objects: string;
  readonly #files: FileSystem;
  readonly #stamps: Stamps;
  readonly #folders: Folders;
  readonly #publisher: Publisher;
  readonly #durable: DurableFiles;
  readonly #log: WriteLog;
  readonly #shower: FileShower;
  readonly #logged: LoggedObjects;
  readonly #parts: PartFiles;
  readonly #owned: OwnedFolders | undefined;
  readonly #lister: Lister;
  readonly #cache: ObjectCache | undefined;
  readonly #lock: OwnerLock | undefined;
  /** The owner recovers the files itself. */
  readonly #watch: RecoveryWatch | undefined;
  readonly #mutex = new KeyedMutex();
  readonly #buffers = new BufferPool(BUFFER_BYTES, KEPT_BUFFERS);
  readonly #chunks = new SharedChunks(this.#buffers, KEPT_CHUNKS);
  readonly #uploads = new LatestOnly();
  readonly #showAfterMs: number;
  #showTimer: NodeJS.Timeout | undefined;
  readonly #writes = new Set<Promise<unknown>>();
  #closed = false;
  /** Nothing is shown any more. */
  #ended = false;

  private constructor(root: string, files: FileSystem, lock: OwnerLock | undefined, options: FsStoreOptions) {
    const { clock = systemClock, cacheBytes = DEFAULT_CACHE_BYTES, namesBytes = DEFAULT_NAMES_BYTES } = options;
    this.url = pathToFileURL(root).href;
    this.#root = root;
    this.#objects = join(root, 'objects');
    this.#files = files;
    this.#lock = lock;
    this.#watch = lock ? undefined : new RecoveryWatch(files, root, join(root, 'log'));
    this.#stamps = new Stamps(clock);
    this.#folders = new Folders(files, root);
    this.#publisher = new Publisher(files, this.#folders, this.#stamps, join(root, 'tmp'));
    this.#durable = new DurableFiles(files, this.#folders, options.flushAll ?? defaultFlushAll(options, root));
    const shared = { files, folders: this.#folders };
    const { segmentBytes = SEGMENT_BYTES } = options;
    this.#showAfterMs = options.showAfterMs ?? SHOW_AFTER_MS;
    const release = () => this.#showAll();
    const logFiles = { ...shared, folder: join(root, 'log'), durable: this.#durable, segmentBytes, release };
    this.#log = new WriteLog(new LogSegments({ ...logFiles, bootId: thisProcess().bootId }));
    this.#shower = options.files ? new CalledFileShower(files, this.#publisher) : new ShowThread(join(root, 'tmp'));
    this.#logged = new LoggedObjects({
      folders: this.#folders,
      shower: this.#shower,
      stamps: this.#stamps,
      log: this.#log,
    });
    this.#parts = new PartFiles(files, this.#folders, this.#publisher, this.#buffers);
    const listed = new ListedFiles(files, this.#objects);
    // Only the one process that writes may remember what is on disk.
    this.#cache = lock && new ObjectCache(cacheBytes);
    this.#owned = lock && new OwnedFolders(listed, namesBytes);
    const folders = this.#owned ?? new ForeignFolders(listed, namesBytes);
    this.#lister = new Lister(folders, (key, facts) => this.#infoOf(key, facts));
  }

  /**
   * @throws StorageError 'locked' when another process owns the folder, 'read-only' when it cannot be written, 'unsupported' when
   *   the file system does not keep what versions are made of
   */
  static async open(options: FsStoreOptions): Promise<FsStore> {
    const root = resolve(options.root);
    const files = options.files ?? nodeFiles;
    if (options.readOnly) return new FsStore(root, files, undefined, options);
    try {
      await prepareRoot(files, root);
      const lock = await OwnerLock.acquire(files, root);
      const store = new FsStore(root, files, lock, options);
      await store.#tidy().catch(async (cause: unknown) => {
        await lock.release();
        throw cause;
      });
      return store;
    } catch (cause) {
      throw toStorageError(cause, root);
    }
  }

  async get(key: string, { signal }: CallOptions = {}): Promise<{ info: ObjectInfo; body: Buffer } | undefined> {
    signal?.throwIfAborted();
    if (this.#logged.unshown.get(key)) await this.#show(key);
    const cached = this.#recall(key);
    if (cached === 'absent') return undefined;
    if (cached !== undefined) return { info: cached.info, body: Buffer.from(cached.body) };
    const fill = this.#cache?.beginFill(key);
    let read: { info: ObjectInfo; body: Buffer } | 'absent' | undefined;
    try {
      read = (await this.#reading(key, (path) => this.#readWhole(key, path))) ?? 'absent';
    } finally {
      fill?.(read);
    }
    return read === 'absent' ? undefined : read;
  }

  /** What this process keeps of the objects is right, as no other writes them. */
  versionAtHand(key: string): Version | undefined {
    const known = this.#cache?.get(key);
    return known === 'absent' ? undefined : known?.info.version;
  }

  async open(key: string, { signal, start = 0, end }: CallOptions & { start?: number; end?: number } = {}) {
    signal?.throwIfAborted();
    if (this.#logged.unshown.get(key)) await this.#show(key);
    const isAbsent = this.#recall(key) === 'absent';
    const opened = isAbsent ? undefined : await this.#reading(key, (path) => this.#openFile(key, path));
    if (opened === undefined) return undefined;
    const { handle, info } = opened;
    const stop = Math.min(end ?? info.sizeBytes, info.sizeBytes);
    if (start >= stop || signal?.aborted) await handle.close();
    signal?.throwIfAborted();
    if (start >= stop) return { info, body: Readable.from([]) };
    // A version stays what it is while its file is open, whatever becomes of the key.
    const file = { name: `${key} ${info.version}`, sizeBytes: info.sizeBytes };
    const body = new FileBody(handle, file, { start, end: stop }, this.#chunks);
    return { info, body: signal ? addAbortSignal(signal, body) : body };
  }

  async head(key: string, { signal }: CallOptions = {}): Promise<ObjectInfo | undefined> {
    signal?.throwIfAborted();
    if (this.#logged.unshown.get(key)) await this.#show(key);
    return this.#current(key, this.#recall(key));
  }

  async put(key: string, body: Uint8Array, condition: PutCondition, { signal, shortLived }: PutOptions = {}) {
    const written = await this.#changing(key, signal, async (path, known): Promise<Written> => {
      if (!(await this.#holds(key, condition, known))) return {};
      if (shortLived && this.#logged.unshown.hasRoom(body.length)) {
        const mayCover = !('ifAbsent' in condition) && known !== 'absent';
        return { version: await this.#keep(key, path, body, mayCover) };
      }
      const [facts] = await this.#logged.put([{ key, path, body }]);
      return this.#writtenOf(key, body, facts);
    });
    return outcomeOf(written);
  }

  /** With one flush for all of them. */
  async putInOrder(puts: readonly OrderedPut[], { signal }: CallOptions = {}): Promise<PutOutcome[]> {
    signal?.throwIfAborted();
    const placed = puts.map((put) => ({ ...put, path: this.#writablePath(put.key) }));
    const keys = puts.map(({ key }) => key);
    if (keys[0] === undefined) return [];
    const task = async (): Promise<Written[]> => {
      signal?.throwIfAborted();
      const known = keys.map((key) => this.#recall(key));
      return this.#trackedAll(keys, async () => {
        const holds = await Promise.all(puts.map(({ key, condition }, at) => this.#holds(key, condition, known[at])));
        const conflict = holds.indexOf(false);
        const facts = await this.#logged.put(conflict < 0 ? placed : placed.slice(0, conflict));
        return puts.map(({ key, body }, at) => this.#writtenOf(key, body, facts[at]));
      });
    };
    // In one order, so that no two wait for each other.
    const all = () => this.#locked([...keys].sort(), task);
    const outcomes = (await this.#writing(keys[0], signal, all)).map(outcomeOf);
    const conflict = outcomes.indexOf('conflict');
    return conflict < 0 ? outcomes : outcomes.slice(0, conflict + 1);
  }

  async delete(key: string, condition: DeleteCondition, { signal }: CallOptions = {}) {
    const task = async (path: string, known: Known | undefined): Promise<Left & { outcome: Deletion }> => {
      const unshown = this.#logged.unshown.get(key);
      const current = unshown ? undefined : await this.#current(key, known);
      if (!unshown && current === undefined) return { outcome: 'absent', left: 'nothing' };
      if ('ifVersion' in condition && !(current && isVersion(current, condition.ifVersion))) {
        return { outcome: 'conflict' };
      }
      await (unshown ? this.#logged.cancel(unshown) : this.#logged.delete(key, path));
      return { outcome: 'deleted', left: 'nothing' };
    };
    return (await this.#changing(key, signal, task, { unshown: 'blind' in condition })).outcome;
  }

  async list(prefix: string, options: CallOptions & { after?: string; limit: number }) {
    options.signal?.throwIfAborted();
    await this.#showAll(prefix);
    try {
      await this.#watch?.check();
      return await this.#lister.list(prefix, options);
    } catch (cause) {
      throw toReadError(cause, this.#objects, prefix);
    }
  }

  async putData(key: string, chunks: Chunks, { signal }: CallOptions = {}): Promise<{ sizeBytes: number }> {
    signal?.throwIfAborted();
    this.#writablePath(key);
    const held = await holdSmall(chunks, SMALL_DATA_BYTES, { signal });
    if (held.small === undefined) return this.#putLargeData(key, held.all, { signal }).finally(held.end);
    if ((await this.put(key, held.small, { ifAbsent: true }, { signal })) === 'conflict') throw dataExists(key);
    return { sizeBytes: held.small.length };
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

  async beginData(key: string, { signal }: CallOptions = {}): Promise<Json> {
    await this.#writing(key, signal, () => this.#parts.begin(this.#partPath(key)));
    return {};
  }

  async writePart(
    key: string,
    _upload: Json,
    { number, offsetBytes }: { number: number; offsetBytes: number },
    chunks: Chunks,
    { signal }: CallOptions = {},
  ): Promise<PartReceipt> {
    const sizeBytes = await this.#writing(key, signal, () =>
      this.#uploads.run(key, (stopped) => {
        const either = signal ? AbortSignal.any([signal, stopped]) : stopped;
        return this.#parts.write(key, this.#partPath(key), offsetBytes, chunks, { signal: either });
      }),
    );
    return { number, sizeBytes, tag: '' };
  }

  async completeData(key: string, _upload: Json, parts: readonly PartReceipt[], { signal }: CallOptions = {}) {
    const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
    await this.#listed(key, signal, async (path) => {
      await this.#uploads.run(key, () => this.#parts.complete(key, this.#partPath(key), path, sizeBytes));
      return {};
    });
    return { sizeBytes };
  }

  async abortData(key: string, _upload: Json, { signal }: CallOptions = {}): Promise<void> {
    await this.#writing(key, signal, () => this.#uploads.run(key, () => this.#parts.abort(this.#partPath(key))));
  }

  async presignGet(): Promise<undefined> {
    return undefined;
  }

  /**
   * Waits for the writes under way, makes the files durable, then lets another process own the folder. Safe to repeat.
   * @throws StorageError when files could not be flushed: what was acknowledged is in the log, and the next owner writes it again
   */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#writes);
    clearTimeout(this.#showTimer);
    try {
      await this.#showAll()
        .finally(() => (this.#ended = true))
        .finally(() => this.#log.close())
        .finally(() => this.#shower.close())
        .finally(() => this.#lock?.release());
    } catch (cause) {
      throw toStorageError(cause, this.#root);
    }
  }

  /** What the last owner left when it was killed. */
  async #tidy(): Promise<void> {
    for (const folder of ['objects', 'parts', 'tmp', 'log']) await this.#folders.ensure(join(this.#root, folder));
    const drafts = join(this.#root, 'tmp');
    for (const name of await this.#files.readdir(drafts)) await this.#files.unlink(join(drafts, name));
    await this.#parts.tidy(join(this.#root, 'parts'));
    await this.#publisher.check();
    await recoverLog(join(this.#root, 'log'), {
      files: this.#files,
      folders: this.#folders,
      publisher: this.#publisher,
      durable: this.#durable,
      stamps: this.#stamps,
      pathOf: (key) => this.#pathOf('objects', key),
    });
    // Of a folder that is known, what is made in it is known.
    await this.#owned?.view('');
  }

  /** Makes an object durable in the log alone, until it is asked for, or lives on. */
  async #keep(key: string, path: string, body: Uint8Array, mayCover: boolean): Promise<Version> {
    const { microseconds } = await this.#logged.keep(key, path, body, { mayCover });
    this.#showLater();
    return unshownVersion(microseconds);
  }

  #showLater(): void {
    if (this.#closed || !Number.isFinite(this.#showAfterMs)) return;
    const show = async () => {
      // What fails is tried again the next time; whoever needs it before is told.
      await Promise.allSettled(this.#logged.unshown.takeOld().map((key) => this.#show(key)));
      this.#showTimer = undefined;
      if (!this.#logged.unshown.isEmpty) this.#showLater();
    };
    this.#showTimer ??= setTimeout(() => void show(), this.#showAfterMs).unref();
  }

  /** Makes files of all that is only in the log. @returns whether there was any */
  async #showAll(prefix?: string): Promise<boolean> {
    const { unshown } = this.#logged;
    const keys = unshown.keys(prefix);
    // Who has its turn before may show or delete it, and then wait for what this is done for.
    await Promise.all(keys.map((key) => Promise.race([unshown.gone(key), this.#show(key)])));
    return keys.length > 0;
  }

  async #show(key: string): Promise<void> {
    await this.#mutex.run(key, () => this.#showNow(key));
  }

  /** While no other call changes the key. */
  async #showNow(key: string): Promise<void> {
    const unshown = this.#logged.unshown.get(key);
    if (unshown === undefined) return;
    // The folder may be another's by now.
    if (this.#ended) throw new StorageError('unavailable', `${this.#root} is closed`, { key });
    try {
      await this.#tracked(key, async () => {
        const facts = await this.#logged.show(unshown);
        return { stored: { info: this.#infoOf(key, facts), body: unshown.body }, left: facts };
      });
    } catch (cause) {
      throw toStorageError(cause, unshown.path, key);
    }
  }

  async #holds(key: string, condition: PutCondition, known: Known | undefined): Promise<boolean> {
    if ('blind' in condition) return true;
    const current = await this.#current(key, known);
    if ('ifAbsent' in condition) return current === undefined;
    return current !== undefined && isVersion(current, condition.ifVersion);
  }

  /** What a put has left; nothing where it did not happen. */
  #writtenOf(key: string, body: Uint8Array, facts: FileFacts | undefined): Written {
    if (facts === undefined) return {};
    const info = this.#infoOf(key, facts);
    return { version: info.version, stored: { info, body }, left: facts };
  }

  /**
   * What this process knows of an object without asking the disk; before a change of it is announced, as it may be there from then on.
   * @throws StorageError 'invalid-key'
   */
  #recall(key: string): Known | undefined {
    const cached = this.#cache?.get(key);
    if (cached !== undefined) return cached;
    this.#pathOf('objects', key);
    return this.#owned?.lacks(key) ? 'absent' : undefined;
  }

  async #current(key: string, known: Known | undefined): Promise<ObjectInfo | undefined> {
    if (known === 'absent') return undefined;
    return known?.info ?? (await this.#stat(key));
  }

  async #stat(key: string): Promise<ObjectInfo | undefined> {
    const facts = await this.#reading(key, (path) => this.#files.stat(path, { bigint: true }));
    return facts?.isFile() ? this.#infoOf(key, facts) : undefined;
  }

  async #readWhole(key: string, path: string) {
    const opened = await this.#openFile(key, path);
    if (opened === undefined) return undefined;
    try {
      return { info: opened.info, body: await opened.handle.readFile() };
    } finally {
      await opened.handle.close();
    }
  }

  async #openFile(key: string, path: string) {
    const handle = await this.#files.open(path, 'r');
    try {
      const facts = await handle.stat({ bigint: true });
      if (facts.isFile()) return { handle, info: this.#infoOf(key, facts) };
    } catch (cause) {
      await handle.close();
      throw cause;
    }
    await handle.close();
    return undefined;
  }

  #infoOf(key: string, { mtimeNs, ino, size }: FileFacts): ObjectInfo {
    this.#stamps.observe(mtimeNs);
    const modified = new Date(Number(mtimeNs / 1_000_000n));
    return { key, sizeBytes: Number(size), version: versionOf({ mtimeNs, ino }), modified };
  }

  async #reading<T>(key: string, task: (path: string) => Promise<T>): Promise<T | undefined> {
    const path = this.#pathOf('objects', key);
    try {
      await this.#watch?.check();
      return await unlessAbsent(task(path));
    } catch (cause) {
      throw toReadError(cause, path, key);
    }
  }

  /**
   * One change of an object at a time, with the cache and the lists kept right. The task is told what was known of it, and finds it shown
   * unless it wants what is not (`unshown`).
   */
  async #changing<T extends Change & Left>(
    key: string,
    signal: AbortSignal | undefined,
    task: (path: string, known: Known | undefined) => Promise<T>,
    { unshown = false } = {},
  ): Promise<T> {
    return this.#writing(key, signal, (path) =>
      this.#mutex.run(key, async () => {
        signal?.throwIfAborted();
        if (!unshown && this.#logged.unshown.get(key)) await this.#showNow(key);
        const known = this.#recall(key);
        return this.#tracked(key, () => task(path, known));
      }),
    );
  }

  /** Runs a change, with the cache and the lists kept right. */
  async #tracked<T extends Change & Left>(key: string, task: () => Promise<T>): Promise<T> {
    const change = () => this.#cache?.write(key, task) ?? task();
    return this.#owned?.change(key, change) ?? change();
  }

  /** As {@link #tracked}, of several keys that change together. */
  async #trackedAll(keys: readonly string[], task: () => Promise<Written[]>): Promise<Written[]> {
    // All of them are announced before it begins.
    const all = Promise.resolve().then(task);
    return Promise.all(keys.map((key, at) => this.#tracked(key, async () => (await all)[at] ?? {})));
  }

  /** Runs a task when no other call changes any of the keys, and all of them are shown. */
  async #locked<T>([key, ...others]: readonly string[], task: () => Promise<T>): Promise<T> {
    if (key === undefined) return task();
    return this.#mutex.run(key, async () => {
      await this.#showNow(key);
      return this.#locked(others, task);
    });
  }

  /** A write that makes an object which no other call changes, with the cache and the lists kept right. */
  async #listed<T extends Change & Left>(
    key: string,
    signal: AbortSignal | undefined,
    task: (path: string) => Promise<T>,
  ): Promise<T> {
    return this.#writing(key, signal, (path) => this.#tracked(key, () => task(path)));
  }

  async #putLargeData(key: string, chunks: Chunks, { signal }: CallOptions): Promise<{ sizeBytes: number }> {
    const { left } = await this.#listed(key, signal, async (path) => {
      const write = (handle: nodeFiles.FileHandle) => writeChunks(handle, chunks, 0, this.#buffers, { signal });
      const facts = await this.#publisher.publish(path, write);
      if (facts === 'exists') throw dataExists(key);
      return { left: facts };
    });
    return { sizeBytes: Number(left.size) };
  }

  /** @throws StorageError 'read-only', 'full', 'invalid-key' or 'unavailable' */
  async #writing<T>(key: string, signal: AbortSignal | undefined, task: (path: string) => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const path = this.#writablePath(key);
    const running = task(path);
    this.#writes.add(running);
    try {
      return await running;
    } catch (cause) {
      throw toStorageError(cause, path, key);
    } finally {
      this.#writes.delete(running);
    }
  }

  /** @throws StorageError 'read-only', 'unavailable' once closed, or 'invalid-key' */
  #writablePath(key: string): string {
    if (this.#lock === undefined) {
      throw new StorageError('read-only', `${this.#root} is open for reading only`, { key });
    }
    if (this.#closed) throw new StorageError('unavailable', `${this.#root} is closed`, { key });
    return this.#pathOf('objects', key);
  }

  #partPath(key: string): string {
    return this.#pathOf('parts', key);
  }

  /** @throws StorageError 'invalid-key' */
  #pathOf(folder: 'objects' | 'parts', key: string): string {
    const base = join(this.#root, folder);
    const path = join(base, pathOfKey(key));
    if (path.startsWith(base + sep)) return path;
    throw new StorageError('invalid-key', `${JSON.stringify(key)} leads out of the folder`, { key });
  }
}

function outcomeOf({ version }: Written): PutOutcome {
  return version === undefined ? 'conflict' : { version };
}

function dataExists(key: string): StorageError {
  return new StorageError('corrupt', `the data object ${key} exists`, { key });
}

/** A file system of one's own is not the one that `sync` would flush. */
function defaultFlushAll({ files }: FsStoreOptions, root: string): FlushAll | undefined {
  return files === undefined ? flushAllOf(root) : undefined;
}
