import { digestFromHex, digestOf, type Digest, type DigestAlgorithm } from '@atoll/core';
import { StorageError, type BufferPool, type ChunkFile } from '@atoll/storage';
import { ByteBuffer } from './byte-buffer.js';
import type { UploadHash } from './upload-hash.js';

/** The beginning of an ArrayBuffer of its own, which goes to the thread and comes back: no byte is read by two threads at a time. */
export type Memory = Buffer<ArrayBuffer>;

/** Where the thread writes a batch, besides hashing it. */
export type BatchPlace = Pick<ChunkFile, 'descriptor' | 'positionBytes'>;

export interface Batch {
  readonly memory: Memory;
  readonly sizeBytes: number;
  readonly last: boolean;
  readonly place: BatchPlace | undefined;
}

/** What a hash has of its thread. */
export interface ThreadEnd {
  /** What is gathered in it is handed over as it is. */
  readonly memory: BufferPool;
  send(batch: Batch): void;
  close(unfinished: boolean): void;
}

const BATCHES_AT_ONCE = 3;

/** Gathers bytes into batches for the thread. Content that fits into the first one, and goes to no file, is hashed where it is. */
export class ThreadHash implements UploadHash {
  readonly #first = new ByteBuffer();
  #batch: Memory | undefined;
  #filledBytes = 0;
  /** Of the next batch. */
  #place: BatchPlace | undefined;
  /** The sizes of the batches sent and not yet answered, in their order. */
  readonly #outside: number[] = [];
  #sent = false;
  #isLost = false;
  #fault: Error | undefined;
  #hex: string | undefined;
  #wake: (() => void) | undefined;

  constructor(
    private readonly algorithm: DigestAlgorithm,
    private readonly end: ThreadEnd,
  ) {}

  update(bytes: Uint8Array): void | Promise<void> {
    const { bufferBytes } = this.end.memory;
    const rest = this.#sent ? bytes : this.#first.fill(bytes, bufferBytes);
    if (!this.#sent && this.#first.length < bufferBytes) return undefined;
    return this.#add(rest);
  }

  async writeTo(file: ChunkFile, chunks: AsyncIterable<Uint8Array>): Promise<number> {
    await this.#sendGathered();
    await this.#outsideAtMost(0);
    let sizeBytes = 0;
    this.#place = { descriptor: file.descriptor, positionBytes: file.positionBytes };
    try {
      for await (const chunk of chunks) {
        this.#check();
        sizeBytes += chunk.length;
        await (this.end.memory.hasLent(chunk) ? this.#handOver(chunk) : this.#gather(chunk));
        await file.written(sizeBytes - this.#filledBytes - sum(this.#outside));
      }
      await this.#sendGathered();
    } finally {
      await this.#outsideAtMost(0);
      this.#place = undefined;
    }
    this.#check();
    return sizeBytes;
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
    if (this.#batch) this.end.memory.give(this.#batch);
    this.#batch = undefined;
    this.end.close(this.#sent && this.#hex === undefined);
  }

  answered(hex: string | undefined, fault: Error | undefined): void {
    this.#outside.shift();
    this.#hex = hex;
    this.#fault ??= fault;
    this.#wake?.();
  }

  lost(): void {
    this.#isLost = true;
    this.#wake?.();
  }

  /** @throws what came of a write to a file */
  #check(): void {
    if (this.#fault) throw this.#fault;
    if (this.#isLost) throw new StorageError('unavailable', 'the thread that writes content to files has ended');
  }

  async #add(bytes: Uint8Array): Promise<void> {
    if (!this.#sent) await this.#sendGathered();
    await this.#gather(bytes);
  }

  async #gather(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const batch = (this.#batch ??= this.end.memory.take());
      const piece = bytes.subarray(at, at + batch.length - this.#filledBytes);
      batch.set(piece, this.#filledBytes);
      this.#filledBytes += piece.length;
      at += piece.length;
      if (this.#filledBytes === batch.length) await this.#send(false);
    }
  }

  async #handOver(bytes: Memory): Promise<void> {
    await this.#sendGathered();
    this.#batch = bytes;
    this.#filledBytes = bytes.length;
    await this.#send(false);
  }

  async #sendGathered(): Promise<void> {
    if (this.#first.length > 0) {
      this.#batch = this.#first.take();
      this.#filledBytes = this.#batch.length;
    }
    if (this.#filledBytes > 0) await this.#send(false);
  }

  async #send(last: boolean): Promise<void> {
    await this.#outsideAtMost(BATCHES_AT_ONCE - 1);
    const memory = this.#batch ?? Buffer.allocUnsafeSlow(0);
    const sizeBytes = this.#filledBytes;
    const place = this.#place;
    this.#batch = undefined;
    this.#filledBytes = 0;
    if (this.#isLost) return;
    this.end.send({ memory, sizeBytes, last, place });
    this.#outside.push(sizeBytes);
    this.#sent = true;
    if (place) this.#place = { ...place, positionBytes: place.positionBytes + sizeBytes };
  }

  async #outsideAtMost(batches: number): Promise<void> {
    while (this.#outside.length > batches && !this.#isLost) await this.#answer();
  }

  #answer(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((all, one) => all + one, 0);
}
