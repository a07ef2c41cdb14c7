import { Worker } from 'node:worker_threads';
import { digestFromHex, digestOf, type Digest, type DigestAlgorithm } from '@atoll/core';
import { giveBack } from '@atoll/storage';
import { ByteBuffer } from './byte-buffer.js';
import type { UploadHash } from './upload-hash.js';

/** Memory goes to the thread and comes back, so that no byte is read by two threads at a time. */
type Memory = Uint8Array<ArrayBuffer>;

export type HashRequest =
  | {
      readonly kind: 'bytes';
      readonly id: number;
      readonly algorithm: DigestAlgorithm;
      readonly memory: Memory;
      readonly sizeBytes: number;
      readonly last: boolean;
    }
  | { readonly kind: 'drop'; readonly id: number };

export interface HashReply {
  readonly id: number;
  readonly memory: Memory;
  /** Answers the last bytes. */
  readonly hex?: string;
}

/** A message costs about as much as hashing 20 KiB, so that content of less than this is better hashed where it is. */
const BATCH_BYTES = 524_288;
const BATCHES_PER_HASH = 4;
const KEPT_BATCHES = 16;
/** The thread keeps nothing but hashes. */
const MEMORY = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };

/**
 * Hashes large content beside the event loop, which would otherwise stand still for half of the time that a fast push takes. One
 * thread, begun with the first hash, that keeps the process alive only while it has content to hash. A hash whose thread dies knows
 * no digest, and whoever asked reads the content again.
 */
export class HashThread {
  #worker: Worker | undefined;
  #nextId = 0;
  readonly #open = new Map<number, ThreadHash>();
  readonly #free: Memory[] = [];

  /** Takes up to 2.5 MiB of memory, for little content as much as that. To be closed. */
  hash(algorithm: DigestAlgorithm): UploadHash {
    const id = this.#nextId++;
    const hash = new ThreadHash(algorithm, {
      take: () => this.#free.pop() ?? new Uint8Array(BATCH_BYTES),
      give: (memory) => this.#give(memory),
      send: (memory, sizeBytes, last) => {
        const worker = this.#thread();
        worker.ref();
        worker.postMessage({ kind: 'bytes', id, algorithm, memory, sizeBytes, last } satisfies HashRequest, [
          memory.buffer,
        ]);
      },
      close: (unfinished) => {
        this.#open.delete(id);
        if (unfinished) this.#worker?.postMessage({ kind: 'drop', id } satisfies HashRequest);
        if (this.#open.size === 0) this.#worker?.unref();
      },
    });
    this.#open.set(id, hash);
    return hash;
  }

  /** Ends the thread. Hashes that are under way know no digest then; a new one begins a new thread. */
  async stop(): Promise<void> {
    await this.#worker?.terminate();
  }

  #give(memory: Memory): void {
    if (this.#free.length < KEPT_BATCHES) this.#free.push(memory);
    else giveBack(memory);
  }

  #thread(): Worker {
    return (this.#worker ??= this.#begin());
  }

  #begin(): Worker {
    // Compiled or, under test, as the source is.
    const worker = new Worker(new URL(import.meta.url.replace(/thread\.([jt]s)$/, 'worker.$1')), {
      resourceLimits: MEMORY,
    });
    worker.on('message', ({ id, memory, hex }: HashReply) => {
      this.#give(memory);
      this.#open.get(id)?.answered(hex);
    });
    worker.once('error', () => this.#lost(worker));
    worker.once('exit', () => this.#lost(worker));
    return worker;
  }

  #lost(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const hash of this.#open.values()) hash.lost();
  }
}

interface ThreadEnd {
  readonly take: () => Memory;
  readonly give: (memory: Memory) => void;
  readonly send: (memory: Memory, sizeBytes: number, last: boolean) => void;
  readonly close: (unfinished: boolean) => void;
}

/** Gathers bytes into batches. Content that fits into the first one is hashed where it is. */
class ThreadHash implements UploadHash {
  readonly #first = new ByteBuffer();
  #batch: Memory | undefined;
  #filledBytes = 0;
  /** Batches sent and not yet answered. */
  #outside = 0;
  #sent = false;
  #isLost = false;
  #hex: string | undefined;
  #wake: (() => void) | undefined;

  constructor(
    private readonly algorithm: DigestAlgorithm,
    private readonly end: ThreadEnd,
  ) {}

  update(bytes: Uint8Array): void | Promise<void> {
    const rest = this.#sent ? bytes : this.#first.fill(bytes, BATCH_BYTES);
    if (!this.#sent && this.#first.length < BATCH_BYTES) return undefined;
    return this.#add(rest);
  }

  save(): undefined {
    return undefined;
  }

  async finish(asked: DigestAlgorithm): Promise<Digest | undefined> {
    if (asked !== this.algorithm) return undefined;
    if (!this.#sent) return digestOf(this.#first.take(), asked);
    await this.#send(true);
    while (this.#hex === undefined && !this.#isLost) await this.#answer();
    return this.#hex === undefined ? undefined : digestFromHex(asked, this.#hex);
  }

  close(): void {
    if (this.#batch) this.end.give(this.#batch);
    this.#batch = undefined;
    this.end.close(this.#sent && this.#hex === undefined);
  }

  answered(hex: string | undefined): void {
    this.#outside--;
    this.#hex = hex;
    this.#wake?.();
  }

  lost(): void {
    this.#isLost = true;
    this.#wake?.();
  }

  async #add(bytes: Uint8Array): Promise<void> {
    if (!this.#sent) {
      this.#batch = transferable(this.#first.take());
      this.#filledBytes = BATCH_BYTES;
      await this.#send(false);
    }
    for (let at = 0; at < bytes.length;) {
      const batch = (this.#batch ??= this.end.take());
      const piece = bytes.subarray(at, at + BATCH_BYTES - this.#filledBytes);
      batch.set(piece, this.#filledBytes);
      this.#filledBytes += piece.length;
      at += piece.length;
      if (this.#filledBytes === BATCH_BYTES) await this.#send(false);
    }
  }

  async #send(last: boolean): Promise<void> {
    while (this.#outside >= BATCHES_PER_HASH && !this.#isLost) await this.#answer();
    if (!this.#isLost) {
      this.end.send((this.#batch ??= this.end.take()), this.#filledBytes, last);
      this.#batch = undefined;
      this.#outside++;
      this.#sent = true;
    }
    this.#filledBytes = 0;
  }

  #answer(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}

/** Memory that can be handed to another thread: all of an ArrayBuffer and not a piece of it. */
function transferable(bytes: Uint8Array): Memory {
  const { buffer, byteLength } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? new Uint8Array(buffer) : bytes.slice();
}
