import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { StorageError } from '@atoll/storage';
import { errorOfFault, type ThreadFault } from '@atoll/storage/thread-fault';
import type { FileShower, ShownPut } from './file-shower.js';
import { unlessAbsent } from './file-system.js';
import type { FileFacts } from './publisher.js';
import { secondsOf } from './stamps.js';

export interface ShowChange {
  readonly path: string;
  /** Where the file is written before it gets its name; without one the file at `path` is removed. */
  readonly draft?: string;
  readonly sizeBytes: number;
  /** The file's time. */
  readonly seconds: number;
  /** Only when the change before it was shown. */
  readonly follows: boolean;
}

export interface ShowRequest {
  readonly changes: readonly ShowChange[];
  /** Those of all changes, one after the other. */
  readonly bodies: Uint8Array;
}

export interface Shown {
  readonly facts?: FileFacts;
  readonly fault?: ThreadFault;
}

/** Answers the requests in their order. */
export interface ShowReply {
  readonly shown: readonly Shown[];
}

interface Waiting {
  readonly change: ShowChange;
  readonly body: Uint8Array;
  readonly resolve: (facts: FileFacts | undefined) => void;
  readonly reject: (cause: Error) => void;
}

const NO_BYTES = new Uint8Array(0);
/** It keeps nothing, and would otherwise take as much as V8 gives a whole process before it collects what it dropped. */
const MEMORY = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };

/**
 * Shows changes on one thread of its own, many with one message. Threads that make files in one folder at the same time wait for one
 * another in the kernel, at the price of the processor: 16 of them take five times as much of it as one. And a change is six system
 * calls, each of which would cost the event loop more than the kernel.
 */
export class ShowThread implements FileShower {
  #worker: Worker | undefined;
  #made = 0;
  #next: Waiting[] = [];
  readonly #sent: Waiting[][] = [];

  /** `drafts` is a folder on the same file system, emptied when the store is opened. */
  constructor(private readonly drafts: string) {}

  put(put: ShownPut): Promise<FileFacts> {
    return this.#put(put, false);
  }

  putInOrder(puts: readonly ShownPut[]): Promise<FileFacts>[] {
    // Asked for in one turn of the event loop, they go with one message.
    return puts.map((put, at) => this.#put(put, at > 0));
  }

  async delete(path: string): Promise<void> {
    await unlessAbsent(this.#show({ path, sizeBytes: 0, seconds: 0, follows: false }, NO_BYTES));
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  async #put({ path, body, microseconds }: ShownPut, follows: boolean): Promise<FileFacts> {
    const draft = join(this.drafts, `s${++this.#made}`);
    const seconds = secondsOf(microseconds);
    const facts = await this.#show({ path, draft, sizeBytes: body.length, seconds, follows }, body);
    if (facts === undefined) throw new Error('the thread that shows files told nothing of one');
    return facts;
  }

  #show(change: ShowChange, body: Uint8Array): Promise<FileFacts | undefined> {
    return new Promise((resolve, reject) => {
      // Whoever asks before the event loop goes on goes with the same message.
      if (this.#next.length === 0) process.nextTick(() => this.#send());
      this.#next.push({ change, body, resolve, reject });
    });
  }

  #send(): void {
    const waiting = this.#next;
    this.#next = [];
    const bodies = joined(waiting.map(({ body }) => body));
    const worker = (this.#worker ??= this.#begin());
    this.#sent.push(waiting);
    worker.ref();
    const request: ShowRequest = { changes: waiting.map(({ change }) => change), bodies };
    worker.postMessage(request, [bodies.buffer]);
  }

  #begin(): Worker {
    // Compiled or, under test, as the source is.
    const worker = new Worker(new URL(import.meta.url.replace(/thread\.([jt]s)$/, 'worker.$1')), {
      resourceLimits: MEMORY,
    });
    worker.on('message', ({ shown }: ShowReply) => this.#answer(worker, shown));
    worker.once('error', () => this.#lost(worker));
    worker.once('exit', () => this.#lost(worker));
    return worker;
  }

  #answer(worker: Worker, shown: readonly Shown[]): void {
    const waiting = this.#sent.shift() ?? [];
    // It keeps the process alive only while it has something to show.
    if (this.#sent.length === 0) worker.unref();
    for (const [at, { resolve, reject }] of waiting.entries()) {
      const { facts, fault } = shown[at] ?? {};
      if (fault) reject(errorOfFault(fault));
      else resolve(facts);
    }
  }

  /** What was under way may have been shown or not, as with any write whose answer is lost. The next change has a new thread. */
  #lost(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const error = new StorageError('unavailable', 'the thread that shows files has ended');
    for (const { reject } of this.#sent.splice(0).flat()) reject(error);
  }
}

function joined(bodies: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(bodies.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const body of bodies) {
    all.set(body, end);
    end += body.length;
  }
  return all;
}
