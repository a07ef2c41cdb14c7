import {
  StorageError,
  type CallOptions,
  type DeleteCondition,
  type DeleteOutcome,
  type PutCondition,
  type PutOutcome,
} from '@atoll/storage';
import { toStorageError } from './failure-meaning.js';
import { failureOf } from './failure-of.js';
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

  /**
   * A write without an answer is simply sent again under the same condition: had it happened, the second one fails the condition, and
   * whoever fails it looks whether the bytes are its own. A proxy that sends a request twice is found out in the same way.
   */
  async put(key: string, body: Uint8Array, condition: PutCondition, { signal }: CallOptions): Promise<PutOutcome> {
    const request = putOf(this.#place.of(key).Key, body, asHeaders(condition));
    const attempts = this.#calls.attempts(signal);
    let unanswered = false;
    for (;;) {
      try {
        const send = { signal, sizeBytes: body.length };
        const { headers } = await this.#calls.once((o) => this.#calls.objects.sendOnly(request, o), send);
        checkLasting(headers, this.#place.url, key);
        return { version: versionOf(headers.etag) };
      } catch (cause) {
        const failure = failureOf(cause);
        if (failure === undefined) throw cause;
        if (!('blind' in condition) && isConflict(failure)) return this.#settle(key, body, { signal });
        unanswered ||= failure.outcome === 'lost';
        if (await attempts.another(failure)) continue;
        if (!unanswered) throw toStorageError(failure, this.#place.url, 'write', key);
        return this.#settleAtLast(key, body, failure, { signal });
      }
    }
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

  /** Every small object carries a nonce, so equal bytes are this very write. */
  async #settle(key: string, body: Uint8Array, o: CallOptions): Promise<PutOutcome> {
    const found = await this.#reader.get(key, o);
    return found?.body.equals(body) ? { version: found.info.version } : 'conflict';
  }

  /** No attempt is left and one of them may have happened. @throws StorageError where it has not */
  async #settleAtLast(key: string, body: Uint8Array, failure: S3Failure, o: CallOptions): Promise<PutOutcome> {
    const found = await this.#settle(key, body, o);
    if (found === 'conflict') throw toStorageError(failure, this.#place.url, 'write', key);
    return found;
  }
}

function asHeaders(condition: PutCondition): Record<string, string> {
  if ('ifAbsent' in condition) return { 'if-none-match': '*' };
  return 'ifVersion' in condition ? { 'if-match': etagOf(condition.ifVersion) } : {};
}

/** A version of an object that is gone answers 404. */
function isConflict({ status, code }: S3Failure): boolean {
  return status === 412 || code === 'NoSuchKey';
}
