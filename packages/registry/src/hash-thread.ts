import { Worker } from 'node:worker_threads';
import type { DigestAlgorithm } from '@atoll/core';
import { BufferPool } from '@atoll/storage';
import { errorOfFault, type ThreadFault } from '@atoll/storage/thread-fault';
import { ThreadHash, type Batch, type BatchPlace } from './thread-hash.js';

export type HashRequest =
  | {
      readonly kind: 'bytes';
      readonly id: number;
      readonly algorithm: DigestAlgorithm;
      readonly memory: Uint8Array<ArrayBuffer>;
      readonly sizeBytes: number;
      readonly last: boolean;
      /** The bytes are written there, too. */
      readonly place?: BatchPlace;
    }
  | { readonly kind: 'drop'; readonly id: number };

export interface HashReply {
  readonly id: number;
  readonly memory: Uint8Array<ArrayBuffer>;
  /** Answers the last bytes. */
  readonly hex?: string;
  /** What became of the write. */
  readonly fault?: ThreadFault;
}

/** A message costs about as much as hashing 20 KiB, so that content of less than this is better hashed where it is. */
const BATCH_BYTES = 524_288;
const KEPT_BATCHES = 64;
/** The thread keeps nothing but hashes. */
const MEMORY = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };

/**
 * Hashes large content beside the event loop, which would otherwise stand still for half of the time that a fast push takes, and writes
 * it to a file while it is still near the processor. One thread, begun with the first hash, that keeps the process alive only while it has
 * content to hash. A hash whose thread dies knows no digest, and whoever asked reads the content again; what it was writing fails.
 */
export class HashThread {
  /** Content that is gathered in it goes to the thread without being copied. */
  readonly memory = new BufferPool(BATCH_BYTES, KEPT_BATCHES);
  #worker: Worker | undefined;
  #nextId = 0;
  readonly #open = new Map<number, ThreadHash>();

  /** Takes up to 2 MiB of memory, for little content as much as that. To be closed. */
  hash(algorithm: DigestAlgorithm): ThreadHash {
    const id = this.#nextId++;
    const hash = new ThreadHash(algorithm, {
      memory: this.memory,
      send: (batch) => this.#send(id, algorithm, batch),
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

  #send(id: number, algorithm: DigestAlgorithm, { memory, sizeBytes, last, place }: Batch): void {
    const worker = (this.#worker ??= this.#begin());
    worker.ref();
    const bytes = new Uint8Array(memory.buffer);
    const request: HashRequest = {
      kind: 'bytes',
      id,
      algorithm,
      memory: bytes,
      sizeBytes,
      last,
      ...(place && { place }),
    };
    worker.postMessage(request, [memory.buffer]);
  }

  #begin(): Worker {
    // Compiled or, under test, as the source is.
    const worker = new Worker(new URL(import.meta.url.replace(/thread\.([jt]s)$/, 'worker.$1')), {
      resourceLimits: MEMORY,
    });
    worker.on('message', ({ id, memory, hex, fault }: HashReply) => {
      this.memory.adopt(Buffer.from(memory.buffer));
      this.#open.get(id)?.answered(hex, fault && errorOfFault(fault));
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
