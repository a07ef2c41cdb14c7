import {
  settlePut,
  StorageError,
  type CallOptions,
  type DeleteCondition,
  type DeleteOutcome,
  type PutCondition,
  type PutOutcome,
  type RequestFailure,
} from '@atoll/storage';
import { toStorageError } from './failure-meaning.js';
import { checkLasting } from './lasting.js';
import { etagOf, versionOf } from './object-info.js';
import { putOf } from './object-requests.js';
import type { Place } from './place.js';
import type { S3Calls } from './s3-calls.js';
import { S3Failure } from './s3-failure.js';
import type { S3Reader } from './s3-reader.js';

export interface WriterParts {
  readonly calls: S3Calls;
  readonly place: Place;
  readonly reader: S3Reader;
  /** As it was claimed; see docs/drivers/s3.md for servers that ignore the condition. */
  readonly conditionalDelete: boolean;
}

/** Small objects: conditional writes, and what has become of those that were not answered. */
export class S3Writer {
  readonly #calls: S3Calls;
  readonly #place: Place;
  readonly #reader: S3Reader;
  readonly #conditionalDelete: boolean;

  constructor({ calls, place, reader, conditionalDelete }: WriterParts) {
    this.#calls = calls;
    this.#place = place;
    this.#reader = reader;
    this.#conditionalDelete = conditionalDelete;
  }

  async put(key: string, body: Uint8Array, condition: PutCondition, { signal }: CallOptions): Promise<PutOutcome> {
    const request = putOf(this.#place.of(key).Key, body, asHeaders(condition));
    const { url } = this.#place;
    return settlePut({
      condition,
      signal,
      attempts: this.#calls.attempts(signal),
      send: async () => {
        const send = { signal, sizeBytes: body.length };
        const { headers } = await this.#calls.once((o) => this.#calls.objects.sendOnly(request, o), send);
        checkLasting(headers, url, key);
        return { version: versionOf(headers.etag) };
      },
      isConflict,
      found: async () => {
        const found = await this.#reader.get(key, { signal });
        // Every small object carries a nonce, so equal bytes are this very write.
        return found?.body.equals(body) ? { version: found.info.version } : undefined;
      },
      toError: (failure) => toStorageError(failure, url, 'write', key),
    });
  }

  /** A repeat of a delete that happened finds nothing, or another version: both answers are true then. */
  async delete(key: string, condition: DeleteCondition, { signal }: CallOptions): Promise<DeleteOutcome> {
    if ('ifVersion' in condition && !this.#conditionalDelete) {
      throw new StorageError('unsupported', `${this.#place.url}: a delete cannot name a version here`, { key });
    }
    const headers = { ...('ifVersion' in condition && { 'if-match': etagOf(condition.ifVersion) }) };
    const request = { method: 'DELETE', key: this.#place.of(key).Key, headers } as const;
    try {
      await this.#calls.send((o) => this.#calls.objects.sendOnly(request, o), { signal });
      return 'deleted';
    } catch (cause) {
      if (cause instanceof S3Failure && cause.status === 412) return 'conflict';
      if (cause instanceof S3Failure && cause.code === 'NoSuchKey') return 'absent';
      throw toStorageError(cause, this.#place.url, 'delete', key);
    }
  }
}

function asHeaders(condition: PutCondition): Record<string, string> {
  if ('ifAbsent' in condition) return { 'if-none-match': '*' };
  return 'ifVersion' in condition ? { 'if-match': etagOf(condition.ifVersion) } : {};
}

/** A version of an object that is gone answers 404. */
function isConflict({ status, code }: RequestFailure): boolean {
  return status === 412 || code === 'NoSuchKey';
}
