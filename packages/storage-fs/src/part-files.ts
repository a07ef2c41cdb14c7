import { dirname, join } from 'node:path';
import { StorageError, type CallOptions, type Chunks } from '@atoll/storage';
import type { ChunkWriter } from './chunk-writer.js';
import { errorCode, unlessAbsent, type FileSystem } from './file-system.js';
import type { Folders } from './folders.js';
import type { Publisher } from './publisher.js';

/** Data objects written in parts: one file each, which grows at the offsets of the parts and is linked into place when complete. */
export class PartFiles {
  readonly #files: FileSystem;
  readonly #folders: Folders;
  readonly #publisher: Publisher;
  readonly #writer: ChunkWriter;

  constructor(files: FileSystem, folders: Folders, publisher: Publisher, writer: ChunkWriter) {
    this.#files = files;
    this.#folders = folders;
    this.#publisher = publisher;
    this.#writer = writer;
  }

  async begin(file: string): Promise<void> {
    await this.#folders.ensure(dirname(file));
    await (await this.#files.open(file, 'a')).close();
  }

  /**
   * Writes at the offset, over what an earlier attempt left there, and answers the number of bytes once they are durable. What
   * stands before the offset is not touched.
   */
  async write(key: string, file: string, offsetBytes: number, chunks: Chunks, options: CallOptions): Promise<number> {
    options.signal?.throwIfAborted();
    const handle = await this.#openPart(key, file);
    try {
      const { size, nlink } = await handle.stat();
      if (nlink > 1) throw new StorageError('unknown-upload', `the upload of ${key} is complete`, { key });
      if (size < offsetBytes)
        throw new StorageError('corrupt', `${file} has lost bytes that were acknowledged`, { key });
      const sizeBytes = await this.#writer.write(handle, chunks, offsetBytes, options);
      await Promise.all([handle.datasync(), this.#folders.sync(dirname(file))]);
      return sizeBytes;
    } finally {
      await handle.close();
    }
  }

  /** Repeats find the object in its place. @throws StorageError 'unknown-upload' or 'corrupt' */
  async complete(key: string, file: string, path: string, sizeBytes: number): Promise<void> {
    const done = await unlessAbsent(this.#files.stat(path));
    if (done === undefined) {
      await this.#seal(key, file, sizeBytes);
      await this.#publisher.publishFile(file, path);
    } else if (done.size === sizeBytes) {
      // An earlier attempt may have failed before this flush.
      await this.#folders.sync(dirname(path));
    } else {
      throw new StorageError('corrupt', `the data object ${key} exists with another size`, { key });
    }
    await this.abort(file);
  }

  /** Safe to repeat. */
  async abort(file: string): Promise<void> {
    await unlessAbsent(this.#files.unlink(file));
  }

  /** Removes the second names of data objects that were complete when the process was killed. */
  async tidy(folder: string): Promise<void> {
    for (const entry of await this.#files.readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await this.tidy(path);
      else if ((await this.#files.stat(path)).nlink > 1) await this.#files.unlink(path);
    }
  }

  async #seal(key: string, file: string, sizeBytes: number): Promise<void> {
    const handle = await this.#openPart(key, file);
    try {
      const { size } = await handle.stat();
      if (size < sizeBytes) throw new StorageError('corrupt', `${file} has lost bytes that were acknowledged`, { key });
      if (size > sizeBytes) await handle.truncate(sizeBytes);
      await this.#publisher.seal(handle);
    } finally {
      await handle.close();
    }
  }

  async #openPart(key: string, file: string) {
    try {
      return await this.#files.open(file, 'r+');
    } catch (cause) {
      if (errorCode(cause) !== 'ENOENT') throw cause;
      throw new StorageError('unknown-upload', `no upload of ${key} is under way`, { key, cause });
    }
  }
}
