import type { Readable } from 'node:stream';
import {
  openResumed,
  readExactly,
  type ByteRange,
  type CallOptions,
  type ObjectInfo,
  type OpenedObject,
  type Version,
} from '@atoll/storage';
import { toStorageError } from './failure-meaning.js';
import { failureOf } from './failure-of.js';
import { etagOf, objectInfo, toldBy } from './object-info.js';
import type { RequestOptions, S3Calls } from './s3-calls.js';
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
    return this.#orAbsent(key, NO_SUCH_KEY, async () =>
      this.calls.send(
        async (options) => {
          const { info, source } = await this.#request(key, {}, options);
          return { info, body: await readExactly(source, info.sizeBytes, cutBody) };
        },
        { signal },
      ),
    );
  }

  async head(key: string, { signal }: CallOptions): Promise<ObjectInfo | undefined> {
    const request = { method: 'HEAD', key: this.place.of(key).Key } as const;
    return this.#orAbsent(key, NOT_FOUND, async () => {
      const answer = await this.calls.send((options) => this.calls.objects.sendOnly(request, options), { signal });
      const told = toldBy(answer.headers);
      return objectInfo(key, told, told.sizeBytes);
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
      toFailure: (cause) => failureOf(cause) ?? cutBody(),
      toError: (cause) => toStorageError(cause, this.place.url, 'read', key),
    });
  }

  #openAt(key: string, range: ByteRange & { ifVersion?: Version }, o: CallOptions): Promise<OpenedObject> {
    return this.calls.send((options) => this.#request(key, range, options), o);
  }

  async #request(
    key: string,
    { start = 0, end, ifVersion }: ByteRange & { ifVersion?: Version },
    options: RequestOptions,
  ): Promise<OpenedObject> {
    const whole = start === 0 && end === undefined;
    const headers = {
      ...(!whole && { range: `bytes=${start}-${end === undefined ? '' : end - 1}` }),
      ...(ifVersion !== undefined && { 'if-match': etagOf(ifVersion) }),
    };
    const request = { method: 'GET', key: this.place.of(key).Key, headers } as const;
    const source = await this.calls.objects.send(request, options);
    try {
      const told = toldBy(source.headers);
      return { info: objectInfo(key, told, told.sizeBytes), source };
    } catch (cause) {
      source.destroy();
      throw cause;
    }
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

function orBehindEnd(cause: unknown): 'behind its end' {
  if (cause instanceof S3Failure && cause.status === 416) return 'behind its end';
  throw cause;
}

function cutBody(): S3Failure {
  return new S3Failure('lost', 'CutBody');
}
