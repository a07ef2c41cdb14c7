import { CopyObjectCommand, UploadPartCopyCommand } from '@aws-sdk/client-s3';
import {
  encodePath,
  StorageError,
  type CallOptions,
  type Json,
  type ObjectInfo,
  type PartReceipt,
} from '@atoll/storage';
import pLimit from 'p-limit';
import { toStorageError } from './failure-meaning.js';
import { etagOf, versionOf } from './object-info.js';
import type { Place } from './place.js';
import type { S3Calls } from './s3-calls.js';
import { S3Failure } from './s3-failure.js';
import { PART_RULES, type S3Uploads } from './s3-uploads.js';

export interface CopySizes {
  /** Up to this size an object is copied by one request, of which Amazon allows 5 GiB. */
  readonly wholeBytes: number;
  /** A part of a larger one, at least. */
  readonly partBytes: number;
}

const MIB = 1_048_576;
/** Many servers say nothing while they copy, and a connection on which nothing moves for a minute counts as dead. */
export const USUAL_COPY_SIZES: CopySizes = { wholeBytes: 1_024 * MIB, partBytes: 512 * MIB };
const PARTS_AT_ONCE = 8;
/** How much faster than the connection to this process a server is expected to copy. */
const FASTER = 20;

/** An object of another bucket of the same service. */
export interface CopySource {
  readonly place: Place;
  readonly info: ObjectInfo;
}

/** Copies that the service makes itself. */
export class S3Copier {
  constructor(
    private readonly calls: S3Calls,
    private readonly place: Place,
    private readonly uploads: S3Uploads,
    private readonly sizes: CopySizes,
  ) {}

  /**
   * `undefined`, and nothing visible, where the server refuses: it cannot, or the credentials of this bucket may not read the other.
   * @throws StorageError
   */
  async copy(source: CopySource, key: string, o: CallOptions): Promise<{ sizeBytes: number } | undefined> {
    const { sizeBytes } = source.info;
    try {
      if (sizeBytes <= this.sizes.wholeBytes) await this.#copyWhole(source, key, o);
      else await this.#copyParts(source, key, o);
      return { sizeBytes };
    } catch (cause) {
      const failure = cause instanceof StorageError ? cause.more.cause : cause;
      if (failure instanceof S3Failure && failure.outcome === 'answered' && !failure.passing) return undefined;
      throw toStorageError(cause, this.place.url, 'write', key);
    }
  }

  async #copyWhole(source: CopySource, key: string, { signal }: CallOptions): Promise<void> {
    const command = new CopyObjectCommand({ ...this.place.of(key), ...named(source) });
    const send = { signal, sizeBytes: source.info.sizeBytes / FASTER };
    await this.calls.send((options) => this.calls.client.send(command, options), send);
  }

  async #copyParts(source: CopySource, key: string, o: CallOptions): Promise<void> {
    const upload = await this.uploads.begin(key, o);
    const failed = new AbortController();
    const signal = o.signal ? AbortSignal.any([o.signal, failed.signal]) : failed.signal;
    const limit = pLimit(PARTS_AT_ONCE);
    const copied = partsOf(source.info.sizeBytes, this.sizes.partBytes).map((part) =>
      limit(() => this.#copyPart(source, key, upload, part, { signal })),
    );
    try {
      await this.uploads.complete(key, upload, await Promise.all(copied), { ...o, alone: true });
    } catch (cause) {
      failed.abort(cause);
      // A part that is still being copied would be kept after the upload is freed.
      await Promise.allSettled(copied);
      await this.uploads.abort(key, upload, {}).catch(() => undefined);
      throw cause;
    }
  }

  async #copyPart(
    source: CopySource,
    key: string,
    upload: Json,
    { number, start, end }: Part,
    { signal }: CallOptions,
  ): Promise<PartReceipt> {
    const sizeBytes = end - start;
    const command = new UploadPartCopyCommand({
      ...this.uploads.of(key, upload),
      ...named(source),
      PartNumber: number,
      CopySourceRange: `bytes=${start}-${end - 1}`,
    });
    const tag = await this.calls.send(
      async (options) => versionOf((await this.calls.client.send(command, options)).CopyPartResult?.ETag),
      { signal, sizeBytes: sizeBytes / FASTER },
    );
    return { number, sizeBytes, tag };
  }
}

interface Part {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

function named({ place, info }: CopySource): { CopySource: string; CopySourceIfMatch: string } {
  const { Bucket, Key } = place.of(info.key);
  return { CopySource: encodePath(`${Bucket}/${Key}`), CopySourceIfMatch: etagOf(info.version) };
}

function partsOf(sizeBytes: number, leastBytes: number): Part[] {
  const partBytes = Math.max(leastBytes, Math.ceil(sizeBytes / PART_RULES.maxCount));
  return Array.from({ length: Math.ceil(sizeBytes / partBytes) }, (_, index) => ({
    number: index + 1,
    start: index * partBytes,
    end: Math.min(sizeBytes, (index + 1) * partBytes),
  }));
}
