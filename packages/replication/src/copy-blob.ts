import type { Descriptor, Digest } from '@atoll/core';
import type { BlobPlace, BlobSource } from '@atoll/registry';
import { KeyedMutex, type Chunks } from '@atoll/storage';
import pLimit from 'p-limit';
import { MissingAtSourceError } from './failure.js';
import { checkDeadline, type MergeContext } from './merge-context.js';

const SMALL_BYTES = 4 * 1024 * 1024;

/** Brings blobs from peers, each digest once at a time in this process, and few big ones at once so that small ones get through. */
export class BlobCopier {
  readonly #mutex = new KeyedMutex();
  readonly #small;
  readonly #large;

  constructor(o: { readonly smallAtOnce?: number; readonly largeAtOnce?: number } = {}) {
    this.#small = pLimit(o.smallAtOnce ?? 32);
    this.#large = pLimit(o.largeAtOnce ?? 4);
  }

  /**
   * Makes the blob one of this region's repository: by a link where the region has the bytes, by a copy from bucket to bucket
   * where they can, else by streaming and verifying them, from where an earlier attempt has got to.
   * Safe to repeat. The caller holds an intent that names it.
   * @throws MissingAtSourceError when the peer's repository does not have it
   */
  async copy(context: MergeContext, { digest, size }: Descriptor): Promise<void> {
    const limit = size <= SMALL_BYTES ? this.#small : this.#large;
    await this.#mutex.run(digest, () =>
      limit(async () => {
        const { registry, repository, signal } = context;
        checkDeadline(context);
        const source = new PeerBlob(context, digest);
        try {
          await registry.copies.copyIn(repository, digest, size, source, { signal });
        } catch (cause) {
          throw source.failure ?? cause;
        }
      }),
    );
  }
}

class PeerBlob implements BlobSource {
  /** What went wrong at the peer: the store that was writing may have wrapped it. */
  failure: unknown;
  #place: Promise<BlobPlace | undefined> | undefined;

  constructor(
    private readonly context: MergeContext,
    private readonly digest: Digest,
  ) {}

  place(): Promise<BlobPlace | undefined> {
    const { reader, repository, signal } = this.context;
    this.#place ??= reader.placeOfBlob(repository, this.digest, { signal });
    return this.#place;
  }

  async *chunks({ start = 0 }: { readonly start?: number } = {}): Chunks {
    const { reader, repository, signal, source } = this.context;
    try {
      const place = await this.place();
      const body = place && (await reader.openBlob(place.location, { signal, start }));
      if (body === undefined) throw new MissingAtSourceError(`${source} has no blob ${this.digest} in ${repository}`);
      yield* body as AsyncIterable<Uint8Array>;
    } catch (cause) {
      this.failure = cause;
      throw cause;
    }
  }
}
