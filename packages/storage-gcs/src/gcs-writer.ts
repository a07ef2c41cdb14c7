import { createHash } from 'node:crypto';
import {
  StorageError,
  type CallOptions,
  type DeleteCondition,
  type DeleteOutcome,
  type PutCondition,
  type PutOutcome,
  type Version,
} from '@atoll/storage';
import { readJson, readNothing } from './answers.js';
import type { GcsCalls } from './gcs-calls.js';
import { GcsFailure, toStorageError } from './gcs-failure.js';
import type { GcsReader } from './gcs-reader.js';
import { FIELDS, ObjectResource } from './object-info.js';
import type { Place } from './place.js';

/** Of what the server holds under a key: whether this very write made it. */
export type IsOurs = (found: ObjectResource) => boolean;

/** One write that makes an object visible. */
export interface ObjectWrite {
  readonly key: string;
  readonly isOurs: IsOurs;
  readonly conditional: boolean;
  /** One attempt. */
  readonly attempt: () => Promise<{ version: Version }>;
}

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
    const attempt = async (): Promise<{ version: Version }> => {
      const { generation, size } = await this.calls.once(request, readJson(ObjectResource), { signal });
      if (size !== body.length) throw new GcsFailure('lost', 'StoredInPart');
      return { version: generation };
    };
    return this.write({ key, isOurs: holding(body), conditional: !('blind' in condition), attempt }, { signal });
  }

  /**
   * A write without an answer is simply sent again under the same condition: had it happened, the second one fails the condition, and
   * whoever fails it looks whether the object is its own. A proxy that sends a request twice is found out in the same way.
   */
  async write(write: ObjectWrite, { signal }: CallOptions): Promise<PutOutcome> {
    const attempts = this.calls.attempts(signal);
    let unanswered = false;
    for (;;) {
      try {
        return await write.attempt();
      } catch (cause) {
        if (!(cause instanceof GcsFailure)) throw cause;
        if (write.conditional && isConflict(cause)) return (await this.#found(write, { signal })) ?? 'conflict';
        unanswered ||= cause.outcome === 'lost';
        if (await attempts.another(cause)) continue;
        const found = unanswered ? await this.#foundAtLast(write, { signal }) : undefined;
        if (found === undefined) throw toStorageError(cause, this.place.url, write.key);
        return found;
      }
    }
  }

  /**
   * What is not there after a delete that was not answered was deleted by it, or else by somebody at the same time. A condition that
   * fails may be told before it is looked whether there is anything.
   */
  async delete(key: string, condition: DeleteCondition, { signal }: CallOptions): Promise<DeleteOutcome> {
    if ('ifVersion' in condition && !this.conditionalDelete) {
      throw new StorageError('unsupported', `${this.place.url}: a delete cannot name a version here`, { key });
    }
    const path = this.place.object(key, { ifGenerationMatch: generationOf(condition) });
    const attempts = this.calls.attempts(signal);
    let unanswered = false;
    for (;;) {
      try {
        await this.calls.once({ method: 'DELETE', path }, readNothing, { signal });
        return 'deleted';
      } catch (cause) {
        if (!(cause instanceof GcsFailure)) throw cause;
        const notMet = cause.code === 'ConditionNotMet';
        if (notMet && (await this.reader.head(key, { signal }))) return 'conflict';
        if (notMet || cause.code === 'NoSuchKey') return unanswered ? 'deleted' : 'absent';
        unanswered ||= cause.outcome === 'lost';
        if (!(await attempts.another(cause))) throw toStorageError(cause, this.place.url, key);
      }
    }
  }

  async #found({ key, isOurs }: ObjectWrite, o: CallOptions): Promise<PutOutcome | undefined> {
    const found = await this.reader.resource(key, o);
    return found && isOurs(found) ? { version: found.generation } : undefined;
  }

  /** No attempt is left, and one of them may have happened. Where that cannot be found out, either, it is the write that failed. */
  async #foundAtLast(write: ObjectWrite, o: CallOptions): Promise<PutOutcome | undefined> {
    try {
      return await this.#found(write, o);
    } catch {
      o.signal?.throwIfAborted();
      return undefined;
    }
  }
}

/** Every small object carries a nonce, and keys of data objects are used once, so equal bytes are this very write. */
function holding(body: Uint8Array): IsOurs {
  return ({ size, md5Hash }) => size === body.length && md5Hash === createHash('md5').update(body).digest('base64');
}

/** Generation 0 is that of an object that is not there. */
function generationOf(condition: PutCondition): string | undefined {
  if ('ifAbsent' in condition) return '0';
  return 'ifVersion' in condition ? condition.ifVersion : undefined;
}

/** Of an object that is gone, the server may say that it is not found. */
function isConflict({ code }: GcsFailure): boolean {
  return code === 'ConditionNotMet' || code === 'NoSuchKey';
}
