import { isNativeError } from 'node:util/types';
import { StorageError, type StorageErrorKind } from './storage-error.js';

/** `answered`: the server said no, or was not asked. `lost`: no answer came, or none that can be read, so the call may have happened or not. */
export type Outcome = 'answered' | 'lost';

export interface FailureFacts {
  readonly status?: number;
  readonly requestId?: string;
  readonly retryAfterMs?: number;
}

/** Why one request to a service failed. Holds nothing of the request itself, which carries signatures or tokens. */
export abstract class RequestFailure extends Error {
  constructor(
    readonly outcome: Outcome,
    /** The code of the server's answer, or that of a socket's error. */
    readonly code: string,
    readonly more: FailureFacts = {},
    options?: ErrorOptions,
  ) {
    super(more.status === undefined ? code : `${code}, HTTP ${more.status}`, options);
  }

  /** The server asks for fewer requests. */
  abstract get throttled(): boolean;

  /** Another attempt may succeed. */
  abstract get passing(): boolean;

  /** Of the answer; 0 where there was none. */
  get status(): number {
    return this.more.status ?? 0;
  }

  /** The server's certificate is not one that this process trusts, which no other attempt changes. */
  get untrusted(): boolean {
    return UNTRUSTED.has(this.code);
  }
}

/** What a failure means to those above: the kind of error, and a sentence without the bucket's name. */
export type Meaning = readonly [StorageErrorKind, string];

/** A failure as it is told to those above: under the bucket's name, with the request's id, which the server's own log has too. */
export function storageErrorOf(
  failure: RequestFailure,
  [kind, sentence]: Meaning,
  url: string,
  key?: string,
): StorageError {
  const { requestId } = failure.more;
  const request = requestId === undefined ? '' : `, request ${requestId}`;
  return new StorageError(kind, `${url}: ${sentence} (${failure.message}${request})`, {
    ...(key !== undefined && { key }),
    cause: failure,
  });
}

const UNTRUSTED = new Set([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Those that begin with ERR_INVALID tell of a request that is wrong in itself. */
const SYSTEM_CODE = /^(?!ERR_INVALID)(?:E[A-Z]+|[A-Z]+_[A-Z_]+)$/;

/** The code of an error of sockets, names and certificates; `undefined` for one that has nothing to do with the server. */
export function systemCodeOf(cause: unknown): string | undefined {
  if (!isNativeError(cause) || !('code' in cause) || typeof cause.code !== 'string') return undefined;
  return SYSTEM_CODE.test(cause.code) ? cause.code : undefined;
}

/** What `Retry-After` asks for: seconds, or a date (RFC 9110, 10.2.3). */
export function retryAfterMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}
