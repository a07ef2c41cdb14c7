import type { LogRecord } from './log-record.js';
import type { LogSegment } from './log-segment.js';
import type { LogSegments } from './log-segments.js';

const BATCH_BYTES = 4_194_304;
const EMPTY = new Uint8Array(0);

export interface LogChange {
  readonly kind: 'put' | 'delete';
  readonly key: string;
  /** Of the file that is to show it; `undefined` where that is told later, or there is none. */
  readonly path: string | undefined;
  /** The time that belongs to the change. */
  readonly microseconds: number;
  readonly body: Uint8Array;
}

/** A change that is durable, and that the files are yet to show. One of the two is called, once. */
export interface LoggedChange {
  /** The files show it, that at `path` if it was not told before; or a later change of the key is durable, and they need not. */
  done(path?: string): void;
  /** They cannot. Nothing is acknowledged any more before the log says that it never happened. */
  revoke(): void;
}

/** Changes that are in one batch, in this order. */
interface Request {
  readonly changes: readonly LogChange[];
  readonly resolve: (logged: LoggedChange[]) => void;
  readonly reject: (cause: unknown) => void;
}

interface Revoked {
  readonly sequence: number;
  readonly segment: LogSegment;
}

/**
 * Makes small changes durable, many with one flush (docs/adr/0007-group-commit.md): who comes while a batch is written and flushed is
 * in the next one. A batch that fails fails all its changes.
 */
export class WriteLog {
  readonly #segments: LogSegments;
  readonly #queue: Request[] = [];
  readonly #revoked: Revoked[] = [];
  #sequence = 0;
  #writing: Promise<void> | undefined;

  constructor(segments: LogSegments) {
    this.#segments = segments;
  }

  /**
   * Answers once the changes are durable. They share a flush, and a crash leaves those up to some point.
   * @throws StorageError 'unavailable' when the folder has to be opened again, because files could not be flushed; or what the system
   *   says of the write or the flush of the log: recovery may then still find the change, unless another is acknowledged before
   */
  async append(changes: readonly LogChange[]): Promise<LoggedChange[]> {
    await this.#segments.room();
    return this.appendAtOnce(changes);
  }

  /** As {@link append}, however many segments are full. */
  async appendAtOnce(changes: readonly LogChange[]): Promise<LoggedChange[]> {
    this.#segments.check();
    return new Promise((resolve, reject) => {
      this.#queue.push({ changes, resolve, reject });
      void this.#start();
    });
  }

  /**
   * Makes the files durable and removes the log; no change may be under way. Safe to repeat.
   * @throws StorageError or what the system says; recovery finds the log
   */
  async close(): Promise<void> {
    await this.#writing;
    if (this.#revoked.length > 0) await this.#start();
    await this.#segments.close();
  }

  async #start(): Promise<void> {
    this.#writing ??= this.#write();
    return this.#writing;
  }

  async #write(): Promise<void> {
    // Whoever asks in this turn is in the first batch.
    await Promise.resolve();
    let written = true;
    // What is revoked and cannot be written goes with the next change, which is not acknowledged without it.
    while (this.#queue.length > 0 || (this.#revoked.length > 0 && written)) written = await this.#writeBatch();
    this.#writing = undefined;
  }

  async #writeBatch(): Promise<boolean> {
    const requests = this.#takeRequests();
    const revoked = [...this.#revoked];
    const records = requests.map(({ changes }) => changes.map((change) => this.#recordOf(change)));
    let segment: LogSegment;
    try {
      segment = await this.#segments.append([
        ...revoked.map(({ sequence }) => this.#voidOf(sequence)),
        ...records.flat(),
      ]);
    } catch (cause) {
      for (const { reject } of requests) reject(cause);
      return false;
    }
    this.#revoked.splice(0, revoked.length);
    for (const each of revoked) this.#segments.settle(each.segment);
    for (const { changes } of requests) for (const { path } of changes) segment.await(path);
    for (const [at, { resolve }] of requests.entries()) {
      resolve((records[at] ?? []).map(({ sequence }) => this.#logged(segment, sequence)));
    }
    this.#segments.rotate();
    return true;
  }

  #takeRequests(): Request[] {
    let count = 0;
    for (let bytes = 0; count < this.#queue.length && bytes < BATCH_BYTES; count++) {
      for (const { body } of this.#queue[count]?.changes ?? []) bytes += body.length;
    }
    return this.#queue.splice(0, count);
  }

  #logged(segment: LogSegment, sequence: number): LoggedChange {
    return {
      done: (path) => this.#segments.settle(segment, path),
      revoke: () => {
        this.#revoked.push({ sequence, segment });
        void this.#start();
      },
    };
  }

  #recordOf({ kind, key, microseconds, body }: LogChange): LogRecord {
    return { kind, sequence: ++this.#sequence, number: microseconds, key, body };
  }

  #voidOf(sequence: number): LogRecord {
    return { kind: 'void', sequence: ++this.#sequence, number: sequence, key: '', body: EMPTY };
  }
}
