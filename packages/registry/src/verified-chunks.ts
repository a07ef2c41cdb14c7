import { algorithmOf, RegistryError, type Digest } from '@atoll/core';
import type { Chunks } from '@atoll/storage';
import type { HashThread } from './hash-thread.js';
import { HashedChunks } from './hashed-chunks.js';
import type { UploadHash } from './upload-hash.js';

/**
 * The same chunks, failing instead of ending when they are not what they were said to be. A store that is given them makes the
 * object visible only when they end, so content that does not match is never seen.
 */
export class VerifiedChunks implements AsyncIterable<Uint8Array> {
  #failure: RegistryError | undefined;

  constructor(
    private readonly chunks: Chunks,
    private readonly digest: Digest,
    private readonly hashes: HashThread,
    private readonly sizeBytes?: number,
  ) {}

  /** What was wrong with the content; a store may have wrapped it into an error of its own. */
  get failure(): RegistryError | undefined {
    return this.#failure;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const hash = this.hashes.hash(algorithmOf(this.digest));
    try {
      yield* new HashedChunks(this.#counted(), hash);
      await this.#compare(hash);
    } finally {
      hash.close();
    }
  }

  async *#counted(): AsyncGenerator<Uint8Array, void, undefined> {
    let receivedBytes = 0;
    for await (const chunk of this.chunks) {
      receivedBytes += chunk.length;
      if (receivedBytes > (this.sizeBytes ?? Infinity)) throw this.#fail(this.#wrongSize(receivedBytes));
      yield chunk;
    }
    if (receivedBytes !== (this.sizeBytes ?? receivedBytes)) throw this.#fail(this.#wrongSize(receivedBytes));
  }

  async #compare(hash: UploadHash): Promise<void> {
    const digest = await hash.finish(algorithmOf(this.digest));
    if (digest === undefined) throw this.#fail(notHashed());
    if (digest !== this.digest) throw this.#fail(digestMismatch(this.digest));
  }

  #fail(error: RegistryError): RegistryError {
    return (this.#failure = error);
  }

  #wrongSize(receivedBytes: number): RegistryError {
    return new RegistryError('SIZE_INVALID', 'the content is not as long as it was said to be', {
      detail: { declaredBytes: this.sizeBytes, receivedBytes },
    });
  }
}

export function digestMismatch(digest: Digest): RegistryError {
  return new RegistryError('DIGEST_INVALID', 'the content does not have the digest it was given', {
    detail: { digest },
  });
}

function notHashed(): RegistryError {
  return new RegistryError('UNAVAILABLE', 'the content could not be checked against its digest; send it again');
}
