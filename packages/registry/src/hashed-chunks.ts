import { untilAborted, type Chunks } from '@atoll/storage';
import type { UploadHash } from './upload-hash.js';

/** The same chunks, hashed as they pass; or hashed and written to a file at once, where the hash can do that. */
export class HashedChunks implements Chunks {
  readonly writeTo?: NonNullable<Chunks['writeTo']>;

  constructor(
    private readonly chunks: AsyncIterable<Uint8Array>,
    private readonly hash: UploadHash,
  ) {
    const write = hash.writeTo?.bind(hash);
    if (write) this.writeTo = (file, { signal } = {}) => write(file, untilAborted(chunks, signal));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.chunks) {
      const hashed = this.hash.update(chunk);
      yield chunk;
      await hashed;
    }
  }
}
