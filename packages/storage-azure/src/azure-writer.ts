import { randomUUID } from 'node:crypto';
import type { CallOptions, DeleteCondition, DeleteOutcome, PutCondition, PutOutcome } from '@atoll/storage';
import type { BlobRequestConditions } from '@azure/storage-blob';
import type { Answer, AzureCalls, RequestOptions } from './azure-calls.js';
import { AzureFailure } from './azure-failure.js';
import { NONCE, type AzureReader } from './azure-reader.js';
import { toStorageError } from './failure-meaning.js';
import { etagOf, versionOf } from './object-info.js';
import type { Place } from './place.js';

/** One write that makes a blob visible. */
export interface BlobWrite {
  readonly key: string;
  readonly condition: PutCondition;
  /** Becomes the blob's metadata: whoever finds it there knows that this very write has happened. */
  readonly nonce: string;
  readonly sizeBytes: number;
  readonly request: (options: WriteOptions) => Promise<Answer & { readonly etag?: string }>;
}

export interface WriteOptions extends RequestOptions {
  readonly conditions: BlobRequestConditions;
  readonly metadata: Record<string, string>;
}

/** Small objects: conditional writes, and what has become of those that were not answered. */
export class AzureWriter {
  constructor(
    private readonly calls: AzureCalls,
    private readonly place: Place,
    private readonly reader: AzureReader,
  ) {}

  async put(key: string, body: Uint8Array, condition: PutCondition, o: CallOptions): Promise<PutOutcome> {
    const blob = this.place.blob(key);
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const request = (options: WriteOptions) => blob.upload(bytes, bytes.length, options);
    return this.write({ key, condition, nonce: randomUUID(), sizeBytes: bytes.length, request }, o);
  }

  /**
   * A write without an answer is simply sent again under the same condition: had it happened, the second one fails the condition, and
   * whoever fails it looks whether the nonce is its own. A proxy that sends a request twice is found out in the same way.
   */
  async write(write: BlobWrite, { signal }: CallOptions): Promise<PutOutcome> {
    const { key, condition, nonce, sizeBytes, request } = write;
    const conditions = asConditions(condition);
    const attempts = this.calls.attempts(signal);
    let unanswered = false;
    for (;;) {
      try {
        const send = (options: RequestOptions) => request({ ...options, conditions, metadata: { [NONCE]: nonce } });
        return { version: versionOf((await this.calls.once(send, { signal, sizeBytes })).etag) };
      } catch (cause) {
        if (!(cause instanceof AzureFailure)) throw cause;
        if (isConflict(cause, condition)) return (await this.#found(write, { signal })) ?? 'conflict';
        unanswered ||= cause.outcome === 'lost';
        if (await attempts.another(cause)) continue;
        const found = unanswered ? await this.#foundAtLast(write, { signal }) : undefined;
        if (found === undefined) throw toStorageError(cause, this.place.url, key);
        return found;
      }
    }
  }

  /**
   * What is not there after a delete that was not answered was deleted by it, or else by somebody at the same time. Some servers tell
   * a condition that fails from a blob that is absent, others do not.
   */
  async delete(key: string, condition: DeleteCondition, { signal }: CallOptions): Promise<DeleteOutcome> {
    const blob = this.place.blob(key);
    const conditions = asConditions(condition);
    const attempts = this.calls.attempts(signal);
    let unanswered = false;
    for (;;) {
      try {
        await this.calls.once((o) => blob.delete({ ...o, conditions, deleteSnapshots: 'include' }), { signal });
        return 'deleted';
      } catch (cause) {
        if (!(cause instanceof AzureFailure)) throw cause;
        const absent = cause.code === 'BlobNotFound';
        if (!absent && isConditionNotMet(cause) && (await this.reader.head(key, { signal }))) return 'conflict';
        if (absent || isConditionNotMet(cause)) return unanswered ? 'deleted' : 'absent';
        unanswered ||= cause.outcome === 'lost';
        if (!(await attempts.another(cause))) throw toStorageError(cause, this.place.url, key);
      }
    }
  }

  async #found({ key, nonce }: BlobWrite, o: CallOptions): Promise<PutOutcome | undefined> {
    const head = await this.reader.headWithNonce(key, o);
    return head?.nonce === nonce ? { version: head.info.version } : undefined;
  }

  /** No attempt is left, and one of them may have happened. Where that cannot be found out, either, it is the write that failed. */
  async #foundAtLast(write: BlobWrite, o: CallOptions): Promise<PutOutcome | undefined> {
    try {
      return await this.#found(write, o);
    } catch {
      o.signal?.throwIfAborted();
      return undefined;
    }
  }
}

function asConditions(condition: PutCondition): BlobRequestConditions {
  if ('ifAbsent' in condition) return { ifNoneMatch: '*' };
  return 'ifVersion' in condition ? { ifMatch: etagOf(condition.ifVersion) } : {};
}

/** The service answers 409 to a create, 412 to a replacement, and may say of a blob that is gone that it is not found. */
function isConflict(failure: AzureFailure, condition: PutCondition): boolean {
  if ('blind' in condition) return false;
  return failure.code === 'BlobAlreadyExists' || failure.code === 'BlobNotFound' || isConditionNotMet(failure);
}

function isConditionNotMet({ status, code }: AzureFailure): boolean {
  return status === 412 && (code === 'ConditionNotMet' || code === 'UnknownError');
}
