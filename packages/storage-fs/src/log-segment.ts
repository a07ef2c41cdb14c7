import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FileSystem } from './file-system.js';
import type { Folders } from './folders.js';
import { encodeLogHeader, type LogHeader } from './log-header.js';
import { encodeRecord, type LogRecord } from './log-record.js';
import { writeAll } from './write-all.js';

export interface LogSegmentParts {
  readonly files: FileSystem;
  readonly folders: Folders;
  /** Of this boot of the machine. */
  readonly bootId: string;
  /** A segment that has become this long is full. */
  readonly segmentBytes: number;
}

/** So many times in its life a segment is made longer. */
const GROWTHS = 16;

/** One file of the log, which is only appended to, and no more once an append has failed. */
export class LogSegment {
  readonly #parts: LogSegmentParts;
  readonly #handle: FileHandle;
  readonly #paths = new Set<string>();
  #awaited = 0;
  #endBytes = 0;
  /** Up to where the file has its bytes on the disk already, of records or as zeros. */
  #roomBytes = 0;

  private constructor(
    parts: LogSegmentParts,
    readonly path: string,
    readonly header: LogHeader,
    handle: FileHandle,
  ) {
    this.#parts = parts;
    this.#handle = handle;
  }

  /** Takes the place of a segment of this number whose first append has failed. */
  static async create(parts: LogSegmentParts, path: string, header: LogHeader): Promise<LogSegment> {
    return new LogSegment(parts, path, header, await parts.files.open(path, 'w'));
  }

  /** Up to where what was written is durable; 0 as long as nothing is. */
  get endBytes(): number {
    return this.#endBytes;
  }

  /** Whether the files show all of its changes. */
  get settled(): boolean {
    return this.#awaited === 0;
  }

  /** The files of its changes. */
  get paths(): ReadonlySet<string> {
    return this.#paths;
  }

  /** Answers once the records are durable. */
  async append(records: readonly LogRecord[]): Promise<void> {
    const first = this.#endBytes === 0;
    const bytes = Buffer.concat([
      ...(first ? [encodeLogHeader(this.header, this.#parts.bootId)] : []),
      ...records.flatMap((record) => encodeRecord(record, this.header.salt)),
    ]);
    const endBytes = this.#endBytes + bytes.length;
    await writeAll(this.#handle, bytes, this.#endBytes);
    if (endBytes > this.#roomBytes) await this.#makeRoom(endBytes);
    await this.#handle.datasync();
    if (first) await this.#parts.folders.sync(dirname(this.path));
    this.#endBytes = endBytes;
  }

  /**
   * Writes zeros ahead. To flush bytes that take the place of others is one write to the disk; a file that becomes longer makes the
   * file system commit its journal, with all that other files have changed meanwhile. No record is made of zeros.
   */
  async #makeRoom(endBytes: number): Promise<void> {
    const zeros = Buffer.alloc(Math.ceil(this.#parts.segmentBytes / GROWTHS));
    this.#roomBytes = endBytes + zeros.length;
    // Without room for them the log grows by its records alone.
    await writeAll(this.#handle, zeros, endBytes).catch(() => undefined);
  }

  /** One of its changes is to be shown, by this file if it is known. */
  await(path: string | undefined): void {
    if (path !== undefined) this.#paths.add(path);
    this.#awaited++;
  }

  settle(path?: string): void {
    if (path !== undefined) this.#paths.add(path);
    this.#awaited--;
  }

  async close(): Promise<void> {
    // What counts is flushed.
    await this.#handle.close().catch(() => undefined);
  }
}
