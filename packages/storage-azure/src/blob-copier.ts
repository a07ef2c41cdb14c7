import { createHash } from 'node:crypto';
import { isStorageError, StorageError, type CallOptions, type PutOutcome } from '@atoll/storage';
import type { AzureCalls } from './azure-calls.js';
import { AzureFailure } from './azure-failure.js';
import type { AzureWriter, WriteOptions } from './azure-writer.js';
import type { BlockWriter } from './block-writer.js';
import { blockId, RUN_BYTES } from './blocks.js';
import { toStorageError } from './failure-meaning.js';
import type { Place } from './place.js';
import type { CopySource } from './url-signer.js';

const BLOCKS_AT_ONCE = 8;

export interface Copy {
  readonly key: string;
  readonly sizeBytes: number;
  /** Asked for before every request, since what lets it be read does so for a while only. */
  readonly source: () => Promise<CopySource>;
}

interface BlobCopierParts {
  readonly calls: AzureCalls;
  readonly place: Place;
  readonly writer: AzureWriter;
  readonly blocks: BlockWriter;
  /** What one request copies at most. */
  readonly blockBytes: number;
}

/** Has the service copy blobs of other containers, so that their bytes do not pass through here. */
export class BlobCopier {
  constructor(private readonly parts: BlobCopierParts) {}

  /**
   * Safe to repeat; blocks that an earlier attempt has copied are not copied again. `undefined` where the server refuses: it cannot, or
   * it does not get at the source. @throws StorageError
   */
  async copy(copy: Copy, o: CallOptions): Promise<{ sizeBytes: number } | undefined> {
    try {
      const small = copy.sizeBytes <= this.parts.blockBytes;
      const outcome = small ? await this.#copyWhole(copy, o) : await this.#copyInBlocks(copy, o);
      if (outcome !== 'conflict') return { sizeBytes: copy.sizeBytes };
    } catch (cause) {
      if (isRefusal(cause)) return undefined;
      throw cause;
    }
    throw new StorageError('corrupt', `${this.parts.place.url}: the data object ${copy.key} exists`, { key: copy.key });
  }

  async #copyWhole(copy: Copy, o: CallOptions): Promise<PutOutcome> {
    const { key, source } = copy;
    const blob = this.parts.place.blob(key);
    const request = async (options: WriteOptions) => {
      const { url, ...authorization } = await source();
      return blob.syncCopyFromURL(url, { ...options, ...authorization });
    };
    const write = {
      key,
      condition: { ifAbsent: true },
      nonce: nonceOf(copy),
      sizeBytes: copy.sizeBytes,
      request,
    } as const;
    return this.parts.writer.write(write, o);
  }

  async #copyInBlocks(copy: Copy, o: CallOptions): Promise<PutOutcome> {
    const blocks = blocksOf(copy, this.parts.blockBytes);
    const there = await this.parts.blocks.staged(copy.key, o);
    const missing = blocks.filter(({ id, sizeBytes }) => there.get(id) !== sizeBytes);
    const [first, ...others] = missing;
    // Where it is refused, it is so from the first one on.
    if (first) await this.#copyBlock(copy, first, o);
    const rest = each(others);
    const copyNext = async (): Promise<void> => {
      for (const block of rest) await this.#copyBlock(copy, block, o);
    };
    // One that fails leaves no others to be begun, and the error is told when none is on its way.
    const copying = Array.from({ length: BLOCKS_AT_ONCE }, () => copyNext().finally(() => rest.return()));
    await Promise.allSettled(copying);
    await Promise.all(copying);
    const ids = blocks.map(({ id }) => id);
    return this.parts.blocks.commit(copy.key, ids, nonceOf(copy), o);
  }

  async #copyBlock({ key, source }: Copy, { id, offsetBytes, sizeBytes }: CopiedBlock, { signal }: CallOptions) {
    const { calls, place } = this.parts;
    const blob = place.blob(key);
    try {
      await calls.send(
        async (options) => {
          const { url, ...authorization } = await source();
          return blob.stageBlockFromURL(id, url, offsetBytes, sizeBytes, { ...options, ...authorization });
        },
        { signal, sizeBytes },
      );
    } catch (cause) {
      throw toStorageError(cause, place.url, key);
    }
  }
}

interface CopiedBlock {
  readonly id: string;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

function blocksOf(copy: Copy, blockBytes: number): CopiedBlock[] {
  return Array.from({ length: Math.ceil(copy.sizeBytes / blockBytes) }, (_, index) => {
    const offsetBytes = index * blockBytes;
    const sizeBytes = Math.min(blockBytes, copy.sizeBytes - offsetBytes);
    return { id: blockId(nonceOf(copy), index), offsetBytes, sizeBytes };
  });
}

function* each<T>(items: readonly T[]): Generator<T, void, undefined> {
  yield* items;
}

/** The same for every attempt of one copy, and for no other: keys of data objects are used once. */
function nonceOf({ key, sizeBytes }: Copy): string {
  return createHash('sha256').update(`${sizeBytes} ${key}`).digest().subarray(0, RUN_BYTES).toString('base64url');
}

/** What was asked was understood, and is not done. Whatever else may be wrong, whoever streams instead finds out. */
function isRefusal(cause: unknown): boolean {
  const failure = isStorageError(cause) ? cause.more.cause : undefined;
  if (!(failure instanceof AzureFailure)) return false;
  return failure.code === 'CannotVerifyCopySource' || (failure.outcome === 'answered' && !failure.passing);
}
