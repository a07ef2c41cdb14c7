import { request as requestHttp, type Agent, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { S3Client } from '@aws-sdk/client-s3';
import { createBucketAgent, type ClockGuard, type ProxyNames } from '@atoll/storage';
import { encodePath, encodeQuery } from './encode-path.js';
import { findOrigin, type Origin } from './origin.js';
import { refusalOf } from './refusal-of.js';
import type { RequestOptions, Timeouts } from './s3-calls.js';
import { S3Failure } from './s3-failure.js';
import { Signature, type Unsigned } from './signature.js';

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
  readonly timeouts: Timeouts;
  readonly proxies?: ProxyNames | undefined;
}

interface Door extends Origin {
  readonly agent: Agent;
  readonly signature: Signature;
}

/** Servers refuse signatures that are 15 minutes old or early. */
const SIGNATURE_SKEW_MS = 300_000;

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

  /** An answer that says yes, whose body has to be read or destroyed. @throws S3Failure, or an error of the socket or of the SDK's credentials */
  async send(request: ObjectRequest, options: RequestOptions): Promise<IncomingMessage> {
    const { clock } = this.#parts;
    const door = (this.#door ??= await this.#open());
    const { method, body, query = {} } = request;
    const path = door.path + encodePath(request.key);
    const unsigned = {
      method,
      path,
      query,
      headers: { ...request.headers, host: door.url.host },
      ...(body && { body }),
    };
    const headers = await door.signature.sign(unsigned, this.#timeToSign(clock.now()));
    const sentAt = clock.now();
    const answer = await this.#exchange(door, { ...unsigned, headers }, options);
    clock.observe(answer.headers.date, sentAt);
    const { statusCode: status = 0 } = answer;
    if (status >= 200 && status < 300) return answer;
    throw await refusalOf(answer, request.method);
  }

  /** As {@link send}, where an answer's head says all. */
  async sendOnly(request: ObjectRequest, options: RequestOptions): Promise<IncomingMessage> {
    const answer = await this.send(request, options);
    // Read, so that its connection can be used again.
    answer.on('error', () => undefined).resume();
    return answer;
  }

  close(): void {
    this.#door?.agent.destroy();
  }

  async #open(): Promise<Door> {
    const { client, bucket, proxies } = this.#parts;
    const origin = await findOrigin(client, bucket);
    if (this.#door) return this.#door;
    const agent = createBucketAgent(origin.url.protocol, proxies);
    return { ...origin, agent, signature: new Signature(client.config, origin.scope) };
  }

  #timeToSign(now: number): number {
    const { skewMs } = this.#parts.clock;
    return Math.abs(skewMs) < SIGNATURE_SKEW_MS ? now : now - skewMs;
  }

  #exchange(
    { url, agent }: Door,
    { method, path, query, headers, body }: Unsigned,
    { requestTimeout, abortSignal }: RequestOptions,
  ): Promise<IncomingMessage> {
    const { promise: answer, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const search = encodeQuery(query);
    const outgoing = (url.protocol === 'https:' ? requestHttps : requestHttp)({
      agent,
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
      method,
      path: search === '' ? path : `${path}?${search}`,
      headers: { ...headers, ...(body && { 'content-length': String(body.length) }) },
      timeout: this.#parts.timeouts.idleMs,
    });
    const late = (): void => void outgoing.destroy(new S3Failure('lost', 'TimeoutError'));
    const limit = setTimeout(late, requestTimeout);
    const abort = (): void => void outgoing.destroy(new Error('the call was aborted'));
    abortSignal?.addEventListener('abort', abort, { once: true });
    outgoing.once('response', (incoming) => {
      clearTimeout(limit);
      resolve(incoming);
    });
    // Not once: what breaks after the answer has begun is told by the answer, too.
    outgoing.on('error', reject).once('timeout', late);
    outgoing.once('close', () => {
      clearTimeout(limit);
      abortSignal?.removeEventListener('abort', abort);
    });
    outgoing.once('socket', (socket) => {
      if (!socket.connecting) return;
      const connecting = setTimeout(late, this.#parts.timeouts.connectMs);
      for (const event of ['connect', 'close']) socket.once(event, () => clearTimeout(connecting));
    });
    outgoing.end(body);
    return answer;
  }
}
