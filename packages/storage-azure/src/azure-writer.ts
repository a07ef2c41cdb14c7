import { randomUUID } from 'node:crypto';
import {
  settleDelete,
  settlePut,
  type CallOptions,
  type DeleteCondition,
  type DeleteOutcome,
  type PutCondition,
  type PutOutcome,
  type RequestFailure,
} from '@atoll/storage';
import type { BlobRequestConditions } from '@azure/storage-blob';
import type { Answer, AzureCalls, RequestOptions } from './azure-calls.js';
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

  async write(write: BlobWrite, { signal }: CallOptions): Promise<PutOutcome> {
    const { key, condition, nonce, sizeBytes, request } = write;
    const given = { conditions: asConditions(condition), metadata: { [NONCE]: nonce } };
    return settlePut({
      condition,
      signal,
      attempts: this.calls.attempts(signal),
      send: async () => {
        const { etag } = await this.calls.once((o) => request({ ...o, ...given }), { signal, sizeBytes });
        return { version: versionOf(etag) };
      },
      isConflict,
      found: async () => {
        const head = await this.reader.headWithNonce(key, { signal });
        return head?.nonce === nonce ? { version: head.info.version } : undefined;
      },
      toError: (failure) => toStorageError(failure, this.place.url, key),
    });
  }

  async delete(key: string, condition: DeleteCondition, { signal }: CallOptions): Promise<DeleteOutcome> {
    const blob = this.place.blob(key);
    const conditions = asConditions(condition);
    return settleDelete({
      attempts: this.calls.attempts(signal),
      send: () => this.calls.once((o) => blob.delete({ ...o, conditions, deleteSnapshots: 'include' }), { signal }),
      meaningOf: saidOfDeleted,
      isThere: async () => (await this.reader.head(key, { signal })) !== undefined,
      toError: (failure) => toStorageError(failure, this.place.url, key),
    });
  }
}

function asConditions(condition: PutCondition): BlobRequestConditions {
  if ('ifAbsent' in condition) return { ifNoneMatch: '*' };
  return 'ifVersion' in condition ? { ifMatch: etagOf(condition.ifVersion) } : {};
}

/** The service answers 409 to a create, 412 to a replacement, and may say of a blob that is gone that it is not found. */
function isConflict(failure: RequestFailure): boolean {
  return failure.code === 'BlobAlreadyExists' || failure.code === 'BlobNotFound' || isConditionNotMet(failure);
}

/** Some servers tell a condition that fails from a blob that is absent, others do not. */
function saidOfDeleted(failure: RequestFailure): 'absent' | 'not met' | undefined {
  if (failure.code === 'BlobNotFound') return 'absent';
  return isConditionNotMet(failure) ? 'not met' : undefined;
}

function isConditionNotMet({ status, code }: RequestFailure): boolean {
  return status === 412 && (code === 'ConditionNotMet' || code === 'UnknownError');
}
