import { createHash } from 'node:crypto';
import {
  settleDelete,
  settlePut,
  StorageError,
  type CallOptions,
  type DeleteCondition,
  type DeleteOutcome,
  type PutCondition,
  type PutOutcome,
  type RequestFailure,
} from '@atoll/storage';
import { readJson, readNothing } from './answers.js';
import type { GcsCalls } from './gcs-calls.js';
import { GcsFailure, toStorageError } from './gcs-failure.js';
import type { GcsReader } from './gcs-reader.js';
import { FIELDS, ObjectResource } from './object-info.js';
import type { Place } from './place.js';

/** Small objects: conditional writes, and what has become of those that were not answered. */
export class GcsWriter {
  constructor(
    private readonly calls: GcsCalls,
    private readonly place: Place,
    private readonly reader: GcsReader,
    private readonly conditionalDelete: boolean,
  ) {}

  async put(key: string, body: Uint8Array, condition: PutCondition, { signal }: CallOptions): Promise<PutOutcome> {
    const path = this.place.upload(key, { ifGenerationMatch: generationOf(condition), fields: FIELDS });
    const request = { method: 'POST', path, headers: { 'content-type': 'application/octet-stream' }, body };
    return settlePut({
      condition,
      signal,
      attempts: this.calls.attempts(signal),
      send: async () => {
        const { generation, size } = await this.calls.once(request, readJson(ObjectResource), { signal });
        if (size !== body.length) throw new GcsFailure('lost', 'StoredInPart');
        return { version: generation };
      },
      isConflict,
      found: async () => {
        const found = await this.reader.resource(key, { signal });
        return found && holds(found, body) ? { version: found.generation } : undefined;
      },
      toError: (failure) => toStorageError(failure, this.place.url, key),
    });
  }

  async delete(key: string, condition: DeleteCondition, { signal }: CallOptions): Promise<DeleteOutcome> {
    if ('ifVersion' in condition && !this.conditionalDelete) {
      throw new StorageError('unsupported', `${this.place.url}: a delete cannot name a version here`, { key });
    }
    const path = this.place.object(key, { ifGenerationMatch: generationOf(condition) });
    return settleDelete({
      attempts: this.calls.attempts(signal),
      send: () => this.calls.once({ method: 'DELETE', path }, readNothing, { signal }),
      meaningOf: saidOfDeleted,
      isThere: async () => (await this.reader.head(key, { signal })) !== undefined,
      toError: (failure) => toStorageError(failure, this.place.url, key),
    });
  }
}

/** Every small object carries a nonce, and keys of data objects are used once, so equal bytes are this very write. */
function holds({ size, md5Hash }: ObjectResource, body: Uint8Array): boolean {
  return size === body.length && md5Hash === createHash('md5').update(body).digest('base64');
}

/** Generation 0 is that of an object that is not there. */
function generationOf(condition: PutCondition): string | undefined {
  if ('ifAbsent' in condition) return '0';
  return 'ifVersion' in condition ? condition.ifVersion : undefined;
}

/** Of an object that is gone, the server may say that it is not found. */
function isConflict({ code }: RequestFailure): boolean {
  return code === 'ConditionNotMet' || code === 'NoSuchKey';
}

/** A condition that fails may be told before it is looked whether there is anything. */
function saidOfDeleted({ code }: RequestFailure): 'absent' | 'not met' | undefined {
  if (code === 'NoSuchKey') return 'absent';
  return code === 'ConditionNotMet' ? 'not met' : undefined;
}
