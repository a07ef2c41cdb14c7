import type { IncomingMessage } from 'node:http';
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
import { toStorageError } from './failure-meaning.js';
import { brokenBody } from './failure-of.js';
import { etagOf, objectInfo, toldBy } from './object-info.js';
import type { S3Calls } from './s3-calls.js';
import { S3Failure } from './s3-failure.js';
import type { Place } from './place.js';

/** A 404 that does not say that it is the key is from another kind of server, and must not pass for an absent object. */
const NO_SUCH_KEY = 'NoSuchKey';
/** What is made of a 404 without a body, which is all that an answer to a HEAD can be. */
const NOT_FOUND = 'NotFound';

/** Everything that reads one object. */
export class S3Reader {
  constructor(
    private readonly calls: S3Calls,
    private readonly place: Place,
  ) {}

  /** Whole, and read again from its beginning when the answer is cut. */
  async get(key: string, { signal }: CallOptions): Promise<{ info: ObjectInfo; body: Buffer } | undefined> {
    const take: Take<{ info: ObjectInfo; body: Buffer }> = async (answer) => {
      const info = infoOf(key, answer);
      return { info, body: await readExactly(answer, info.sizeBytes, brokenBody) };
    };
    return this.#orAbsent(key, NO_SUCH_KEY, () => this.#ask(key, {}, take, { signal }));
  }

  async head(key: string, { signal }: CallOptions): Promise<ObjectInfo | undefined> {
    const request = { method: 'HEAD', key: this.place.of(key).Key } as const;
    return this.#orAbsent(key, NOT_FOUND, async () => {
      const answer = await this.calls.send((options) => this.calls.objects.sendOnly(request, options), { signal });
      return infoOf(key, answer);
    });
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
      openFirst: () => this.#orAbsent(key, NO_SUCH_KEY, () => this.#openAt(key, range, { signal }).catch(orBehindEnd)),
      openRest: async (rest) => (await this.#openAt(key, rest, { signal })).source,
      toFailure: brokenBody,
      toError: (cause) => toStorageError(cause, this.place.url, 'read', key),
    });
  }

  #openAt(key: string, range: ByteRange & { ifVersion?: Version }, o: CallOptions): Promise<OpenedObject> {
    return this.#ask(key, range, (source) => ({ info: infoOf(key, source), source }), o);
  }

  #ask<T>(
    key: string,
    { start = 0, end, ifVersion }: ByteRange & { ifVersion?: Version },
    take: Take<T>,
    o: CallOptions,
  ): Promise<T> {
    const whole = start === 0 && end === undefined;
    const headers = {
      ...(!whole && { range: `bytes=${start}-${end === undefined ? '' : end - 1}` }),
      ...(ifVersion !== undefined && { 'if-match': etagOf(ifVersion) }),
    };
    const request = { method: 'GET', key: this.place.of(key).Key, headers } as const;
    return this.calls.send((options) => this.calls.objects.send(request, take, options), o);
  }

  /** @throws StorageError */
  async #orAbsent<T>(key: string, absent: string, request: () => Promise<T>): Promise<T | undefined> {
    try {
      return await request();
    } catch (cause) {
      if (cause instanceof S3Failure && cause.code === absent) return undefined;
      throw toStorageError(cause, this.place.url, 'read', key);
    }
  }
}

/** @throws S3Failure when the answer lacks what every S3 server tells */
function infoOf(key: string, { headers }: IncomingMessage): ObjectInfo {
  const told = toldBy(headers);
  return objectInfo(key, told, told.sizeBytes);
}
