import { addAbortSignal, Readable } from 'node:stream';
import type { CallOptions, Listed, ListOptions, ObjectInfo } from '@atoll/storage';
import { FileBody } from './file-body.js';
import type { KnownObjects } from './known-objects.js';
import type { LateFiles } from './late-files.js';
import type { Lister } from './lister.js';
import type { ObjectFiles } from './object-files.js';
import type { RecoveryWatch } from './recovery-watch.js';
import type { SharedChunks } from './shared-chunks.js';
import type { StorePaths } from './store-paths.js';
import { toReadError } from './to-storage-error.js';

export interface ObjectReadsParts {
  readonly paths: StorePaths;
  readonly late: LateFiles;
  readonly known: KnownObjects;
  readonly objects: ObjectFiles;
  readonly lister: Lister;
  readonly chunks: SharedChunks;
  /** Absent for the owner, who recovers the files itself. */
  readonly watch: RecoveryWatch | undefined;
}

/** Reads objects, from memory where they are known. What is only in the log gets its file first. */
export class ObjectReads {
  constructor(private readonly parts: ObjectReadsParts) {}

  async get(key: string, { signal }: CallOptions = {}): Promise<{ info: ObjectInfo; body: Buffer } | undefined> {
    const { late, known, objects } = this.parts;
    signal?.throwIfAborted();
    if (late.has(key)) await late.show(key);
    const cached = known.recall(key);
    if (cached === 'absent') return undefined;
    if (cached !== undefined) return { info: cached.info, body: Buffer.from(cached.body) };
    const fill = known.beginFill(key);
    let read: { info: ObjectInfo; body: Buffer } | 'absent' | undefined;
    try {
      read = (await objects.read(key)) ?? 'absent';
    } finally {
      fill?.(read);
    }
    return read === 'absent' ? undefined : read;
  }

  async open(key: string, { signal, start = 0, end }: CallOptions & { start?: number; end?: number } = {}) {
    const { late, known, objects, chunks } = this.parts;
    signal?.throwIfAborted();
    if (late.has(key)) await late.show(key);
    const isAbsent = known.recall(key) === 'absent';
    const opened = isAbsent ? undefined : await objects.open(key);
    if (opened === undefined) return undefined;
    const { handle, info } = opened;
    const stop = Math.min(end ?? info.sizeBytes, info.sizeBytes);
    if (start >= stop || signal?.aborted) await handle.close();
    signal?.throwIfAborted();
    if (start >= stop) return { info, body: Readable.from([]) };
    // A version stays what it is while its file is open, whatever becomes of the key.
    const file = { name: `${key} ${info.version}`, sizeBytes: info.sizeBytes };
    const body = new FileBody(handle, file, { start, end: stop }, chunks);
    return { info, body: signal ? addAbortSignal(signal, body) : body };
  }

  async head(key: string, { signal }: CallOptions = {}): Promise<ObjectInfo | undefined> {
    const { late, known, objects } = this.parts;
    signal?.throwIfAborted();
    if (late.has(key)) await late.show(key);
    return objects.current(key, known.recall(key));
  }

  async list(prefix: string, options: ListOptions): Promise<Listed> {
    const { late, watch, lister, paths } = this.parts;
    options.signal?.throwIfAborted();
    await late.showAll(prefix);
    try {
      await watch?.check();
      return await lister.list(prefix, options);
    } catch (cause) {
      throw toReadError(cause, paths.objects, prefix);
    }
  }
}
