import { RegistryError } from '@atoll/core';
import { untilAborted, type Chunks } from '@atoll/storage';

/**
 * A request's body, read at the reader's pace. A body that breaks off, an aborted signal and a length other than the declared one
 * end it like its last byte does and are told by `failure`, so that what arrived before can still be kept.
 */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #declaredBytes: number | undefined;
  #receivedBytes = 0;
  #ended = false;
  #failure: Error | undefined;

  constructor(
    chunks: Chunks,
    { signal, sizeBytes }: { signal?: AbortSignal | undefined; sizeBytes?: number | undefined } = {},
  ) {
    this.#chunks = untilAborted(chunks, signal);
    this.#declaredBytes = sizeBytes;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Why the body ended early; `undefined` when it did not. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Whether more or fewer bytes came than were declared. */
  get wrongSize(): boolean {
    return this.#failure instanceof RegistryError && this.#failure.code === 'SIZE_INVALID';
  }

  /** The next bytes, never none; `undefined` at the end. */
  async next(): Promise<Uint8Array | undefined> {
    while (!this.#ended) {
      const chunk = await this.#read();
      if (chunk === undefined) break;
      this.#receivedBytes += chunk.length;
      if (this.#receivedBytes > (this.#declaredBytes ?? Infinity)) await this.#end(this.#sizeInvalid());
      else if (chunk.length > 0) return chunk;
    }
    return undefined;
  }

  /** What is left, behind bytes that were taken already; fails where the body does. */
  async *rest(first?: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let chunk = first; chunk !== undefined; chunk = await this.next()) yield chunk;
      if (this.#failure !== undefined) throw this.#failure;
    } finally {
      await this.close();
    }
  }

  /** Lets go of a body that is not read to its end. A Readable destroys itself then, unless it is told not to. */
  async close(): Promise<void> {
    if (!this.#ended) await this.#end(undefined);
  }

  async #read(): Promise<Uint8Array | undefined> {
    try {
      const next = await this.#chunks.next();
      if (next.done !== true) return next.value;
      const short = this.#receivedBytes < (this.#declaredBytes ?? 0);
      this.#failure = short ? this.#sizeInvalid() : undefined;
    } catch (cause) {
      this.#failure = cause instanceof Error ? cause : new Error('the body broke off', { cause });
    }
    this.#ended = true;
    return undefined;
  }

  async #end(failure: Error | undefined): Promise<void> {
    this.#ended = true;
    this.#failure = failure;
    await this.#chunks.return?.();
  }

  #sizeInvalid(): RegistryError {
    return new RegistryError('SIZE_INVALID', 'the body is not as long as its Content-Range says', {
      detail: { declaredBytes: this.#declaredBytes, receivedBytes: this.#receivedBytes },
    });
  }
}
