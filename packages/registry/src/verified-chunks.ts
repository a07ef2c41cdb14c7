import { algorithmOf, digestOf, RegistryError, type Digest } from '@atoll/core';
import { untilAborted, type CallOptions, type ChunkFile, type Chunks } from '@atoll/storage';
import type { HashThread } from './hash-thread.js';
import { HashedChunks } from './hashed-chunks.js';
import type { ThreadHash } from './thread-hash.js';

/**
 * The same chunks, failing instead of ending when they are not what they were said to be. A store that is given them makes the
 * object visible only when they end, so content that does not match is never seen. For content that is worth a thread; for less there
 * is {@link verifyBytes}.
 */
export class VerifiedChunks implements Chunks {
  #failure: RegistryError | undefined;

  constructor(
    private readonly chunks: Chunks,
    private readonly digest: Digest,
    private readonly hashes: Pick<HashThread, 'hash'>,
    private readonly sizeBytes?: number,
  ) {}

  /** What was wrong with the content; a store may have wrapped it into an error of its own. */
  get failure(): RegistryError | undefined {
    return this.#failure;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const hash = this.#begin();
    try {
      yield* new HashedChunks(this.#counted(), hash);
      await this.#compare(hash);
    } finally {
      hash.close();
    }
  }

  async writeTo(file: ChunkFile, { signal }: CallOptions = {}): Promise<number> {
    const hash = this.#begin();
    try {
      const writtenBytes = await hash.writeTo(file, untilAborted(this.#counted(), signal));
      await this.#compare(hash);
      return writtenBytes;
    } finally {
      hash.close();
    }
  }

  #begin(): ThreadHash {
    return this.hashes.hash(algorithmOf(this.digest));
  }

  async *#counted(): AsyncGenerator<Uint8Array, void, undefined> {
    let receivedBytes = 0;
    for await (const chunk of this.chunks) {
      receivedBytes += chunk.length;
      if (receivedBytes > (this.sizeBytes ?? Infinity)) throw this.#fail(wrongSize(this.sizeBytes, receivedBytes));
      yield chunk;
    }
    if (receivedBytes < (this.sizeBytes ?? 0)) throw this.#fail(wrongSize(this.sizeBytes, receivedBytes));
  }

  async #compare(hash: ThreadHash): Promise<void> {
    const digest = await hash.finish(algorithmOf(this.digest));
    if (digest === undefined) throw this.#fail(notHashed());
    if (digest !== this.digest) throw this.#fail(digestMismatch(this.digest));
  }

  #fail(error: RegistryError): RegistryError {
    return (this.#failure = error);
  }
}

/** Looks whether the bytes are what they were said to be. @throws RegistryError SIZE_INVALID, DIGEST_INVALID */
export function verifyBytes(bytes: Uint8Array, digest: Digest, sizeBytes = bytes.length): void {
  if (bytes.length !== sizeBytes) throw wrongSize(sizeBytes, bytes.length);
  if (digestOf(bytes, algorithmOf(digest)) !== digest) throw digestMismatch(digest);
}

function wrongSize(declaredBytes: number | undefined, receivedBytes: number): RegistryError {
  return new RegistryError('SIZE_INVALID', 'the content is not as long as it was said to be', {
    detail: { declaredBytes, receivedBytes },
  });
}

export function digestMismatch(digest: Digest): RegistryError {
  return new RegistryError('DIGEST_INVALID', 'the content does not have the digest it was given', {
    detail: { digest },
  });
}

function notHashed(): RegistryError {
  return new RegistryError('UNAVAILABLE', 'the content could not be checked against its digest; send it again');
}
