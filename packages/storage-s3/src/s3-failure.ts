/** `answered`: the server said no. `lost`: no answer came, or none that can be read, so the call may have happened or not. */
export type Outcome = 'answered' | 'lost';

/** Why one request failed. Holds nothing of the request itself: the SDK's errors carry signatures and what was signed. */
export class S3Failure extends Error {
  override readonly name = 'S3Failure';

  constructor(
    readonly outcome: Outcome,
    /** The code of the server's answer, or that of a socket's error. */
    readonly code: string,
    readonly more: { readonly status?: number; readonly requestId?: string; readonly retryAfterMs?: number } = {},
  ) {
    super(more.status === undefined ? code : `${code}, HTTP ${more.status}`);
  }

  /** The credentials were good and are not any more; those that are good now may be had already. */
  get stale(): boolean {
    // An answer to a HEAD has no body, so no code; of a request that is well made, 400 says nothing else.
    return STALE.has(this.code) || (this.status === 400 && CODELESS.has(this.code));
  }

  get status(): number {
    return this.more.status ?? 0;
  }

  /** The server asks for fewer requests. */
  get throttled(): boolean {
    return this.status === 429 || this.status === 503 || THROTTLING.has(this.code);
  }

  /** The server's certificate is not one that this process trusts. */
  get untrusted(): boolean {
    return UNTRUSTED.has(this.code);
  }

  /** Another attempt may succeed. */
  get passing(): boolean {
    if (this.untrusted || this.code === 'CredentialsProviderError') return false;
    if (this.outcome === 'lost' || this.throttled || this.stale) return true;
    return (this.status >= 500 && this.status !== 501 && this.status !== 507) || PASSING.has(this.code);
  }
}

const STALE = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired']);
/** What the SDK makes of answers without a body. */
const CODELESS = new Set(['Unknown', 'UnknownError', 'BadRequest', '400']);

const THROTTLING = new Set([
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'RequestLimitExceeded',
  'TooManyRequests',
]);

/** Errors below 500 that pass: races, a body that came too slowly, an answer that was cut, and a neighbour of a key that is being deleted on versitygw. */
const PASSING = new Set([
  'ConditionalRequestConflict',
  'OperationAborted',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'UnreadableAnswer',
  'ExistingObjectIsDirectory',
]);

const UNTRUSTED = new Set([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
