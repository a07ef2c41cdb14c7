import { Readable } from 'node:stream';
import {
  openResumed,
  orBehindEnd,
  readExactly,
  sizeInRange,
  type ByteRange,
  type CallOptions,
  type ObjectInfo,
  type OpenedObject,
  type Version,
} from '@atoll/storage';
import type { AzureCalls, RequestOptions } from './azure-calls.js';
import { AzureFailure } from './azure-failure.js';
import { toStorageError } from './failure-meaning.js';
import { brokenBody } from './failure-of.js';
import { etagOf, objectInfo } from './object-info.js';
import type { Place } from './place.js';

/** A blob's head, with the nonce that its writer gave it. */
export interface BlobHead {
  readonly info: ObjectInfo;
  readonly nonce: string | undefined;
}

/** The metadata that holds a writer's nonce: letters only, as some proxies drop headers with other characters. */
export const NONCE = 'atollnonce';

interface Opened extends OpenedObject {
  readonly date?: Date;
}

/** Everything that reads one blob. */
export class AzureReader {
  constructor(
    private readonly calls: AzureCalls,
    private readonly place: Place,
  ) {}

  /** Whole, and read again from its beginning when the answer is cut. */
  async get(key: string, { signal }: CallOptions): Promise<{ info: ObjectInfo; body: Buffer } | undefined> {
    return this.#orAbsent(key, async () => {
      const got = await this.calls.send(
        async (options) => {
          const opened = await this.#request(key, {}, options);
          return { ...opened, body: await readExactly(opened.source, opened.info.sizeBytes, brokenBody) };
        },
        { signal },
      );
      return { info: got.info, body: got.body };
    });
  }

  async head(key: string, o: CallOptions): Promise<ObjectInfo | undefined> {
    return (await this.headWithNonce(key, o))?.info;
  }

  async headWithNonce(key: string, { signal }: CallOptions): Promise<BlobHead | undefined> {
    const blob = this.place.blob(key);
    return this.#orAbsent(key, async () => {
      const answer = await this.calls.send((options) => blob.getProperties(options), { signal });
      return { info: objectInfo(key, answer, answer.contentLength), nonce: answer.metadata?.[NONCE] };
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
      openFirst: () => this.#orAbsent(key, () => this.#openAt(key, range, { signal }).catch(orBehindEnd)),
      openRest: async (rest) => (await this.#openAt(key, rest, { signal })).source,
      toFailure: brokenBody,
      toError: (cause) => toStorageError(cause, this.place.url, key),
    });
  }

  #openAt(key: string, range: ByteRange & { ifVersion?: Version }, o: CallOptions): Promise<Opened> {
    return this.calls.send((options) => this.#request(key, range, options), o);
  }

  async #request(
    key: string,
    { start = 0, end, ifVersion }: ByteRange & { ifVersion?: Version },
    options: RequestOptions,
  ): Promise<Opened> {
    const answer = await this.place.blob(key).download(start, end === undefined ? undefined : end - start, {
      ...options,
      // What is broken off is taken up by RenewedBody, with pauses in between.
      maxRetryRequests: 0,
      ...(ifVersion !== undefined && { conditions: { ifMatch: etagOf(ifVersion) } }),
    });
    const source = sourceOf(answer.readableStreamBody);
    try {
      const sizeBytes = sizeInRange(answer.contentRange) ?? answer.contentLength;
      return { info: objectInfo(key, answer, sizeBytes), source, ...(answer.date && { date: answer.date }) };
    } catch (cause) {
      source.destroy();
      throw cause;
    }
  }

  /** @throws StorageError */
  async #orAbsent<T>(key: string, request: () => Promise<T>): Promise<T | undefined> {
    try {
      return await request();
    } catch (cause) {
      // A 404 that does not say what is missing is from another kind of server, and must not pass for an absent blob.
      if (cause instanceof AzureFailure && cause.code === 'BlobNotFound') return undefined;
      throw toStorageError(cause, this.place.url, key);
    }
  }
}

function sourceOf(body: NodeJS.ReadableStream | undefined): Readable {
  if (body instanceof Readable) return body;
  throw new AzureFailure('lost', 'AnswerWithoutBody');
}
