import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
} from '@aws-sdk/client-s3';
import { checkPartNumber, StorageError, type CallOptions, type Json, type PartReceipt } from '@atoll/storage';
import { z } from 'zod';
import { toStorageError } from './failure-meaning.js';
import { checkExpiration, checkLasting } from './lasting.js';
import { isMadeOf, sizeOf } from './made-of-parts.js';
import { versionOf } from './object-info.js';
import { putOf } from './object-requests.js';
import type { Place } from './place.js';
import type { S3Calls } from './s3-calls.js';
import { S3Failure } from './s3-failure.js';
import type { S3Reader } from './s3-reader.js';

/** What the session keeps; the server is never asked which uploads or parts there are. */
const Upload = z.object({ uploadId: z.string().min(1) });

export const PART_RULES = { minBytes: 5 * 1_048_576, maxCount: 10_000, streamed: false } as const;

/** Data objects, which have keys of their own and so need no conditions. */
export class S3Uploads {
  constructor(
    private readonly calls: S3Calls,
    private readonly place: Place,
    private readonly reader: S3Reader,
  ) {}

  /** A data object small enough for one request. */
  async putWhole(key: string, body: Uint8Array, { signal }: CallOptions): Promise<void> {
    const request = putOf(this.place.of(key).Key, body);
    await this.#storing(key, async () => {
      const send = { signal, sizeBytes: body.length };
      const { headers } = await this.calls.send((o) => this.calls.objects.sendOnly(request, o), send);
      checkLasting(headers, this.place.url, key);
    });
  }

  /** An answer that was lost leaves an upload nobody knows: the bucket's rule for unfinished uploads removes it. */
  async begin(key: string, { signal }: CallOptions): Promise<Json> {
    const command = new CreateMultipartUploadCommand(this.place.of(key));
    return this.#storing(key, async () => {
      const { UploadId } = await this.calls.send((o) => this.calls.client.send(command, o), { signal });
      if (UploadId === undefined) throw new S3Failure('lost', 'AnswerWithoutUploadId');
      return { uploadId: UploadId };
    });
  }

  async writePart(
    key: string,
    upload: Json,
    number: number,
    body: Uint8Array,
    { signal }: CallOptions,
  ): Promise<PartReceipt> {
    checkPartNumber(number, PART_RULES, key);
    const { Key, UploadId } = this.of(key, upload);
    const query = { partNumber: String(number), uploadId: UploadId };
    const request = { method: 'PUT', key: Key, query, body } as const;
    return this.#storing(key, async () => {
      const send = { signal, sizeBytes: body.length };
      const { headers } = await this.calls.send((o) => this.calls.objects.sendOnly(request, o), send);
      return { number, sizeBytes: body.length, tag: versionOf(headers.etag) };
    });
  }

  /** `alone`: nobody else knows this upload, so an object of its size under its key is what it made. */
  async complete(
    key: string,
    upload: Json,
    parts: readonly PartReceipt[],
    o: CallOptions & { readonly alone?: boolean },
  ): Promise<{ sizeBytes: number }> {
    const sizeBytes = sizeOf(parts);
    if (parts.length === 0) {
      // The protocol has no upload without parts.
      await this.putWhole(key, Buffer.alloc(0), o);
      await this.abort(key, upload, o);
      return { sizeBytes };
    }
    try {
      await this.#complete(key, upload, parts, o);
    } catch (cause) {
      if (!(cause instanceof S3Failure)) throw cause;
      const isOurs =
        o.alone === true
          ? (await this.reader.head(key, o))?.sizeBytes === sizeBytes
          : await isMadeOf(this.reader, key, parts, o);
      if (!isOurs) throw toStorageError(cause, this.place.url, 'write', key);
    }
    return { sizeBytes };
  }

  /** What the server does not know any more is what is wanted. */
  async abort(key: string, upload: Json, { signal }: CallOptions): Promise<void> {
    const command = new AbortMultipartUploadCommand(this.of(key, upload));
    try {
      await this.calls.send((o) => this.calls.client.send(command, o), { signal });
    } catch (cause) {
      if (cause instanceof S3Failure && cause.code === 'NoSuchUpload') return;
      throw toStorageError(cause, this.place.url, 'abort', key);
    }
  }

  async #complete(key: string, upload: Json, parts: readonly PartReceipt[], { signal }: CallOptions): Promise<void> {
    const Parts = parts.map(({ number, tag }) => ({ PartNumber: number, ETag: `"${tag}"` }));
    const command = new CompleteMultipartUploadCommand({ ...this.of(key, upload), MultipartUpload: { Parts } });
    const { Expiration } = await this.calls.send((o) => this.calls.client.send(command, o), { signal });
    checkExpiration(Expiration, this.place.url, key);
  }

  /** How requests name the upload. @throws StorageError 'unknown-upload' for what is none of this driver */
  of(key: string, upload: Json): { Bucket: string; Key: string; UploadId: string } {
    const parsed = Upload.safeParse(upload);
    if (!parsed.success) throw new StorageError('unknown-upload', `${this.place.url}: not an upload to S3`, { key });
    return { ...this.place.of(key), UploadId: parsed.data.uploadId };
  }

  async #storing<T>(key: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (cause) {
      throw toStorageError(cause, this.place.url, 'write', key);
    }
  }
}
