import type { IncomingMessage } from 'node:http';
import type { S3Client } from '@aws-sdk/client-s3';
import { encodePath, encodeQuery, Wire, type ClockGuard, type ProxyNames, type Take } from '@atoll/storage';
import { findOrigin, type Origin } from './origin.js';
import { refusalOf } from './refusal-of.js';
import { SIGNATURE_SKEW_MS, type RequestOptions, type S3Timeouts } from './s3-calls.js';
import { S3Failure } from './s3-failure.js';
import { Signature } from './signature.js';

/** One object, or a part of one, and nothing that is told in XML. */
export interface ObjectRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** An object that is put in one request, as bytes of no kind. */
export function putOf(key: string, body: Uint8Array, conditions: Readonly<Record<string, string>> = {}): ObjectRequest {
  return { method: 'PUT', key, headers: { 'content-type': 'application/octet-stream', ...conditions }, body };
}

export interface ObjectRequestParts {
  /** Knows the credentials, and where the bucket is. */
  readonly client: S3Client;
  readonly bucket: string;
  readonly clock: ClockGuard;
  readonly timeouts: S3Timeouts;
  readonly proxies?: ProxyNames | undefined;
}

interface Door extends Origin {
  readonly wire: Wire;
  readonly signature: Signature;
}

/**
 * Requests for objects without the layers of the SDK, which cost three times as much as the request itself (docs/adr/0013). Nothing is
 * tried twice.
 */
export class ObjectRequests {
  readonly #parts: ObjectRequestParts;
  #door: Door | undefined;

  constructor(parts: ObjectRequestParts) {
    this.#parts = parts;
  }

  /** Gives an answer that says yes to `take`. @throws S3Failure, an error of the socket or of the SDK's credentials, or what `take` throws */
  async send<T>(request: ObjectRequest, take: Take<T>, { requestTimeout, abortSignal }: RequestOptions): Promise<T> {
    const { clock } = this.#parts;
    const door = (this.#door ??= await this.#open());
    const { method, body, query = {} } = request;
    const path = door.path + encodePath(request.key);
    const sent = body && { body };
    const unsigned = { method, path, query, headers: { ...request.headers, host: door.url.host }, ...sent };
    const headers = await door.signature.sign(unsigned, this.#timeToSign(clock.now()));
    const search = encodeQuery(query);
    const sentAt = clock.now();
    const takeYes = async (answer: IncomingMessage): Promise<T> => {
      clock.observe(answer.headers.date, sentAt);
      const { statusCode: status = 0 } = answer;
      if (status >= 200 && status < 300) return take(answer);
      throw await refusalOf(answer, method);
    };
    const signed = { method, path: search === '' ? path : `${path}?${search}`, headers, ...sent };
    return door.wire.ask(signed, takeYes, { limitMs: requestTimeout, signal: abortSignal });
  }

  /** As {@link send}, where an answer's head says all. */
  async sendOnly(request: ObjectRequest, options: RequestOptions): Promise<IncomingMessage> {
    // Read, so that its connection can be used again.
    return this.send(request, (answer) => answer.on('error', () => undefined).resume(), options);
  }

  close(): void {
    this.#door?.wire.close();
  }

  async #open(): Promise<Door> {
    const { client, bucket, proxies, timeouts } = this.#parts;
    const origin = await findOrigin(client, bucket);
    if (this.#door) return this.#door;
    const { connectMs, idleMs } = timeouts;
    const tooLate = (): S3Failure => new S3Failure('lost', 'TimeoutError');
    const wire = new Wire(origin.url, { proxies, tooLate, connectMs, idleMs });
    return { ...origin, wire, signature: new Signature(client.config, origin.scope) };
  }

  #timeToSign(now: number): number {
    const { skewMs } = this.#parts.clock;
    return Math.abs(skewMs) < SIGNATURE_SKEW_MS ? now : now - skewMs;
  }
}
