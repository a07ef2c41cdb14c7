import { randomUUID } from 'node:crypto';
import { checkPartNumber, StorageError, type CallOptions, type Json, type PartReceipt } from '@atoll/storage';
import { z } from 'zod';
import { readNothing, readText } from './answers.js';
import type { GcsCalls } from './gcs-calls.js';
import { GcsFailure, toStorageError } from './gcs-failure.js';
import type { GcsReader } from './gcs-reader.js';
import type { GcsWriter } from './gcs-writer.js';
import type { Place } from './place.js';

/** What the session keeps; the server is never asked which uploads or parts there are. */
const Upload = z.object({ uploadId: z.string().min(1).max(2_000), nonce: z.uuid() });
type Upload = z.output<typeof Upload>;

/** Cloud Storage, "XML API multipart uploads". */
export const PART_RULES = { minBytes: 5 * 1_048_576, maxCount: 10_000, equal: false, streamed: false } as const;

/** The object's metadata that names the upload it was made by. */
const NONCE = 'atoll-upload';

interface UploadsParts {
  readonly calls: GcsCalls;
  readonly place: Place;
  readonly reader: GcsReader;
  readonly writer: GcsWriter;
}

/**
 * Data objects in parts, by the uploads of the XML interface (docs/adr/0011-gcs-interfaces.md). They know no conditions, and need none:
 * nobody else has the key.
 */
export class GcsUploads {
  constructor(private readonly parts: UploadsParts) {}

  /** A data object in one request. @throws StorageError 'corrupt' for a key that is taken: keys of data objects are used once */
  async putWhole(key: string, body: Uint8Array, o: CallOptions): Promise<{ sizeBytes: number }> {
    const { writer, place } = this.parts;
    if ((await writer.put(key, body, { ifAbsent: true }, o)) === 'conflict') {
      throw new StorageError('corrupt', `${place.url}: the data object ${key} exists`, { key });
    }
    return { sizeBytes: body.length };
  }

  /** An answer that was lost leaves an upload nobody knows: the bucket's rule for unfinished uploads removes it. */
  async begin(key: string, o: CallOptions): Promise<Json> {
    const nonce = randomUUID();
    const headers = { 'content-type': 'application/octet-stream', [`x-goog-meta-${NONCE}`]: nonce };
    const path = this.parts.place.bytes(key, { uploads: '' });
    return this.#storing(key, async () => {
      const text = await this.parts.calls.send({ method: 'POST', path, headers, body: Buffer.alloc(0) }, readText, o);
      const uploadId = /<UploadId>([^<]+)<\/UploadId>/.exec(text)?.[1];
      if (uploadId === undefined) throw new GcsFailure('lost', 'UnreadableAnswer');
      return { uploadId, nonce };
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
    const { uploadId } = this.#known(key, upload);
    const path = this.parts.place.bytes(key, { partNumber: number, uploadId });
    return this.#storing(key, async () => {
      const tag = await this.parts.calls.send(
        { method: 'PUT', path, body },
        async (answer) => {
          await readNothing(answer);
          return answer.headers.etag;
        },
        { signal },
      );
      if (tag === undefined) throw new GcsFailure('lost', 'IncompleteAnswer');
      return { number, sizeBytes: body.length, tag: tag.replaceAll('"', '') };
    });
  }

  async complete(
    key: string,
    upload: Json,
    receipts: readonly PartReceipt[],
    o: CallOptions,
  ): Promise<{ sizeBytes: number }> {
    const known = this.#known(key, upload);
    const sizeBytes = receipts.reduce((sum, part) => sum + part.sizeBytes, 0);
    if (receipts.length === 0) return this.#completeEmpty(key, upload, o);
    try {
      await this.#assemble(key, known, receipts, o);
    } catch (cause) {
      if (!(cause instanceof GcsFailure)) throw cause;
      const found = await this.parts.reader.resource(key, o);
      if (found?.metadata?.[NONCE] !== known.nonce) throw toStorageError(cause, this.parts.place.url, key);
      if (found.size !== sizeBytes) {
        throw new StorageError('corrupt', `${key} was completed from other parts`, { key });
      }
    }
    return { sizeBytes };
  }

  /** What the server does not know any more is what is wanted. */
  async abort(key: string, upload: Json, o: CallOptions): Promise<void> {
    const { uploadId } = this.#known(key, upload);
    const path = this.parts.place.bytes(key, { uploadId });
    try {
      await this.parts.calls.send({ method: 'DELETE', path }, readNothing, o);
    } catch (cause) {
      if (cause instanceof GcsFailure && cause.code === 'NoSuchUpload') return;
      throw toStorageError(cause, this.parts.place.url, key);
    }
  }

  async #assemble(key: string, { uploadId }: Upload, receipts: readonly PartReceipt[], o: CallOptions): Promise<void> {
    const parts = receipts.map(
      ({ number, tag }) => `<Part><PartNumber>${number}</PartNumber><ETag>"${escaped(tag)}"</ETag></Part>`,
    );
    const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
    const headers = { 'content-type': 'application/xml' };
    const path = this.parts.place.bytes(key, { uploadId });
    const text = await this.parts.calls.send({ method: 'POST', path, headers, body }, readText, o);
    // A server may begin its answer before it knows whether all goes well.
    if (!text.includes('<CompleteMultipartUploadResult')) throw new GcsFailure('lost', 'UnreadableAnswer');
  }

  /** The protocol has no upload without parts. */
  async #completeEmpty(key: string, upload: Json, o: CallOptions): Promise<{ sizeBytes: number }> {
    const whole = await this.putWhole(key, Buffer.alloc(0), o);
    await this.abort(key, upload, o);
    return whole;
  }

  #known(key: string, upload: Json): Upload {
    const parsed = Upload.safeParse(upload);
    if (parsed.success) return parsed.data;
    throw new StorageError('unknown-upload', `${this.parts.place.url}: not an upload to Cloud Storage`, { key });
  }

  async #storing<T>(key: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (cause) {
      throw toStorageError(cause, this.parts.place.url, key);
    }
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
