import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { StorageError } from '@atoll/storage';
import type { DurableFiles } from './durable-files.js';
import type { LogRecord } from './log-record.js';
import { LogSegment, type LogSegmentParts } from './log-segment.js';

/** Full segments that may wait until their files are durable; with the one that is written, this bounds what a start has to read. */
const MAX_FULL = 3;

export interface LogSegmentsParts extends LogSegmentParts {
  readonly folder: string;
  readonly durable: DurableFiles;
  /** Makes files of what is in the log alone. @returns whether there was any @throws what the system says */
  readonly release: () => Promise<boolean>;
}

/**
 * The files of the log, `<folder>/<number>`. A full one goes once all files that it speaks of are flushed, the oldest first, and each
 * one durably before the next. After an append that failed the next segment's header cuts off what the append may have left.
 */
export class LogSegments {
  readonly #parts: LogSegmentsParts;
  readonly #full: LogSegment[] = [];
  #current: LogSegment | undefined;
  #number = 1;
  #previousEnd = 0;
  #checkpoint: Promise<void> | undefined;
  #failure: StorageError | undefined;

  constructor(parts: LogSegmentsParts) {
    this.#parts = parts;
  }

  /**
   * Waits while too many segments are full.
   * @throws StorageError 'unavailable' once files could not be flushed, or what is wrong with those that the log waits for
   */
  async room(): Promise<void> {
    while (this.#failure === undefined && this.#full.length >= MAX_FULL) {
      if (this.#checkpoint) await this.#checkpoint;
      // What is not shown now is being shown at this moment.
      else if (!(await this.#parts.release())) break;
    }
    this.check();
  }

  /** @throws StorageError 'unavailable' once files could not be flushed */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** @returns where they are, once they are durable */
  async append(records: readonly LogRecord[]): Promise<LogSegment> {
    const segment = (this.#current ??= await this.#begin());
    try {
      await segment.append(records);
      return segment;
    } catch (cause) {
      await this.#end();
      throw cause;
    }
  }

  /** To be called once a batch's changes are awaited. */
  rotate(): void {
    if ((this.#current?.endBytes ?? 0) >= this.#parts.segmentBytes) void this.#end();
  }

  /** The files show a change of the segment, or never will. */
  settle(segment: LogSegment, path?: string): void {
    segment.settle(path);
    this.#checkpointWhatIsReady();
  }

  /** @throws StorageError or what the system says; the log stays */
  async close(): Promise<void> {
    await this.#end();
    while (this.#checkpoint) await this.#checkpoint;
    this.check();
  }

  async #begin(): Promise<LogSegment> {
    const header = { number: this.#number, salt: randomBytes(4).readUInt32LE(), previousEnd: this.#previousEnd };
    return LogSegment.create(this.#parts, join(this.#parts.folder, String(this.#number)), header);
  }

  async #end(): Promise<void> {
    const segment = this.#current;
    if (segment === undefined) return;
    this.#current = undefined;
    const begun = segment.endBytes > 0;
    if (begun) {
      this.#full.push(segment);
      this.#number = segment.header.number + 1;
      this.#previousEnd = segment.endBytes;
    }
    await segment.close();
    if (begun) this.#checkpointWhatIsReady();
    // If it stays, the next segment takes its place, or recovery finds what failed.
    else await this.#parts.files.unlink(segment.path).catch(() => undefined);
  }

  #checkpointWhatIsReady(): void {
    if (this.#checkpoint || this.#failure || !this.#full[0]?.settled) return;
    this.#checkpoint = this.#makeDurable();
  }

  async #makeDurable(): Promise<void> {
    try {
      for (let ready = this.#ready(); ready.length > 0; ready = this.#ready()) {
        await this.#parts.durable.flush(new Set(ready.flatMap(({ paths }) => [...paths])));
        for (const { path } of ready) {
          await removeDurably(this.#parts, path);
          this.#full.shift();
        }
      }
    } catch (cause) {
      this.#fail(cause);
    }
    this.#checkpoint = undefined;
  }

  #ready(): LogSegment[] {
    const busy = this.#full.findIndex(({ settled }) => !settled);
    return this.#full.slice(0, busy < 0 ? this.#full.length : busy);
  }

  /** A flush that failed cannot be repeated: the system counts as written what it could not write. */
  #fail(cause: unknown): void {
    this.#failure = new StorageError(
      'unavailable',
      `${this.#parts.folder}: files could not be flushed to the disk; nothing is written any more. Nothing is lost: ` +
        'the next start writes them again',
      { cause },
    );
  }
}

/** Removes a segment so that none that follows it can be gone while it is found again. */
export async function removeDurably(
  { files, folders }: Pick<LogSegmentParts, 'files' | 'folders'>,
  path: string,
): Promise<void> {
  await files.unlink(path);
  await folders.sync(dirname(path));
}
