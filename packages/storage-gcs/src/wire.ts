import { request as requestHttp, type Agent, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { createBucketAgent, type ProxyNames } from '@atoll/storage';

export interface WireRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** A request that is under way. */
export interface Exchange {
  readonly answer: Promise<IncomingMessage>;
  /** When nothing reads the request's body any more, or it has failed. */
  readonly sent: Promise<void>;
  /** Whether all of the body has gone out. */
  isSent(): boolean;
  /** Ends it, and its answer, with this error. */
  readonly cancel: (cause: Error) => void;
}

/** Requests to one server, over connections that are used again. */
export class Wire {
  readonly #agent: Agent;
  readonly #origin: URL;

  constructor(endpoint: string, proxies?: ProxyNames) {
    this.#origin = new URL(endpoint);
    this.#agent = createBucketAgent(this.#origin.protocol, proxies);
  }

  begin({ method, path, headers, body }: WireRequest): Exchange {
    const { protocol, hostname, port } = this.#origin;
    const options = {
      agent: this.#agent,
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? undefined : port,
      method,
      path,
      headers: { ...headers, ...(body && { 'content-length': String(body.length) }) },
    };
    const request = protocol === 'https:' ? requestHttps(options) : requestHttp(options);
    const { promise: answer, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    request.once('response', resolve);
    // Not once: what breaks after the answer has begun is told by the answer, too.
    request.on('error', reject);
    const sent = Promise.withResolvers<void>();
    for (const event of ['finish', 'close']) request.once(event, () => sent.resolve());
    request.end(body);
    return {
      answer,
      sent: sent.promise,
      isSent: () => request.writableFinished,
      cancel: (cause) => void request.destroy(cause),
    };
  }

  close(): void {
    this.#agent.destroy();
  }
}
