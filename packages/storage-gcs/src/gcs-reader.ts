import type { Readable } from 'node:stream';
import {
  openResumed,
  orBehindEnd,
  readExactly,
  type ByteRange,
  type CallOptions,
  type ObjectInfo,
  type OpenedObject,
  type Take,
  type Version,
} from '@atoll/storage';
import { readJson } from './answers.js';
import { brokenBody } from './failure-of.js';
import type { GcsCalls } from './gcs-calls.js';
import { GcsFailure, toStorageError } from './gcs-failure.js';
import { FIELDS, infoInHeaders, infoOf, ObjectResource } from './object-info.js';
import type { Place } from './place.js';

/** Everything that reads one object: bytes by the XML interface, what is known of them by the JSON interface. */
export class GcsReader {
  constructor(
    private readonly calls: GcsCalls,
    private readonly place: Place,
  ) {}

  /** Whole, and read again from its beginning when the answer is cut. */
  async get(key: string, { signal }: CallOptions): Promise<{ info: ObjectInfo; body: Buffer } | undefined> {
    const path = this.place.bytes(key);
    const take: Take<{ info: ObjectInfo; body: Buffer }> = async (answer) => {
      const info = infoInHeaders(key, answer.headers);
      return { info, body: await readExactly(answer, info.sizeBytes, brokenBody) };
    };
    return this.#orAbsent(key, () => this.calls.send({ method: 'GET', path }, take, { signal }), { signal });
  }

  async head(key: string, o: CallOptions): Promise<ObjectInfo | undefined> {
    const resource = await this.resource(key, o);
    return resource && infoOf(key, resource);
  }

  /** What the server knows of an object, beside its bytes. @throws StorageError */
  async resource(key: string, { signal }: CallOptions): Promise<ObjectResource | undefined> {
    const path = this.place.object(key, { fields: FIELDS });
    try {
      return await this.calls.send({ method: 'GET', path }, readJson(ObjectResource), { signal });
    } catch (cause) {
      if (cause instanceof GcsFailure && cause.code === 'NoSuchKey') return undefined;
      throw toStorageError(cause, this.place.url, key);
    }
  }

  async open(
    key: string,
    { signal, ...range }: CallOptions & ByteRange,
  ): Promise<{ info: ObjectInfo; body: Readable } | undefined> {
    return openResumed({
      range,
      signal,
      idleMs: this.calls.timeouts.idleMs,
      attempts: () => this.calls.attempts(signal),
      head: () => this.head(key, { signal }),
      openFirst: () => this.#orAbsent(key, () => this.#openAt(key, range, { signal }), { signal }),
      openRest: async (rest) => {
        const opened = await this.#openAt(key, rest, { signal });
        if (opened === 'behind its end') throw new GcsFailure('answered', 'ConditionNotMet');
        return opened.source;
      },
      toFailure: brokenBody,
      toError: (cause) => toStorageError(cause, this.place.url, key),
    });
  }

  #openAt(
    key: string,
    range: ByteRange & { readonly ifVersion?: Version },
    { signal }: CallOptions,
  ): Promise<OpenedObject | 'behind its end'> {
    const request = { method: 'GET', path: this.place.bytes(key), headers: asHeaders(range) };
    const take: Take<OpenedObject> = (source) => {
      const info = infoInHeaders(key, source.headers);
      // Some servers ignore the condition.
      const replaced = range.ifVersion !== undefined && info.version !== range.ifVersion;
      if (replaced) throw new GcsFailure('answered', 'ConditionNotMet');
      return { info, source };
    };
    return this.calls.send(request, take, { signal }).catch(orBehindEnd);
  }

  /**
   * A 404 that does not say what is missing may be from another kind of server, and must not pass for an absent object: the JSON
   * interface is asked then. @throws StorageError
   */
  async #orAbsent<T>(key: string, request: () => Promise<T>, o: CallOptions): Promise<T | undefined> {
    const attempts = this.calls.attempts(o.signal);
    for (;;) {
      try {
        return await request();
      } catch (cause) {
        if (cause instanceof GcsFailure && cause.code === 'NoSuchKey') return undefined;
        const unclear = cause instanceof GcsFailure && cause.status === 404 && cause.code === 'UnknownError';
        if (!unclear) throw toStorageError(cause, this.place.url, key);
        if ((await this.head(key, o)) === undefined) return undefined;
        // It may have been written in between.
        if (!(await attempts.another(new GcsFailure('lost', 'Unclear'))))
          throw toStorageError(cause, this.place.url, key);
      }
    }
  }
}

function asHeaders({
  start = 0,
  end,
  ifVersion,
}: ByteRange & { readonly ifVersion?: Version }): Record<string, string> {
  const isRange = start > 0 || end !== undefined;
  return {
    ...(isRange && { range: `bytes=${start}-${end === undefined ? '' : end - 1}` }),
    ...(ifVersion !== undefined && { 'x-goog-if-generation-match': ifVersion }),
  };
}
