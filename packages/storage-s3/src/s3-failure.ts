import { RequestFailure } from '@atoll/storage';

/** Why one request failed. Holds nothing of the request itself: the SDK's errors carry signatures and what was signed. */
export class S3Failure extends RequestFailure {
  override readonly name = 'S3Failure';

  /** The credentials were good and are not any more; those that are good now may be had already. */
  get stale(): boolean {
    // An answer to a HEAD has no body, so no code; of a request that is well made, 400 says nothing else.
    return STALE.has(this.code) || (this.status === 400 && CODELESS.has(this.code));
  }

  get throttled(): boolean {
    return this.status === 429 || this.status === 503 || THROTTLING.has(this.code);
  }

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
