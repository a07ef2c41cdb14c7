import { StorageError, type StorageErrorKind } from '@atoll/storage';

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
    return (
      this.code === 'ExpiredToken' || this.code === 'ExpiredTokenException' || this.code === 'TokenRefreshRequired'
    );
  }

  get status(): number {
    return this.more.status ?? 0;
  }

  /** The server asks for fewer requests. */
  get throttled(): boolean {
    return this.status === 429 || this.status === 503 || THROTTLING.has(this.code);
  }

  /** Another attempt may succeed. */
  get passing(): boolean {
    if (PERMANENT.has(this.code)) return false;
    if (this.outcome === 'lost' || this.throttled || this.stale) return true;
    return (this.status >= 500 && this.status !== 501 && this.status !== 507) || PASSING.has(this.code);
  }
}

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

/** No answer, and none to be expected. */
const PERMANENT = new Set([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CredentialsProviderError',
]);

const SENTENCES: Readonly<Record<string, readonly [StorageErrorKind, string]>> = {
  AccessDenied: ['denied', 'the credentials do not allow this; docs/drivers/s3.md lists what they must'],
  AllAccessDisabled: ['denied', 'the account may not be used'],
  InvalidAccessKeyId: ['denied', 'the server does not know the access key'],
  InvalidToken: ['denied', 'the session token of the credentials is not valid'],
  SignatureDoesNotMatch: ['denied', 'the secret key is not that of the access key, or a proxy changes requests'],
  CredentialsProviderError: [
    'denied',
    'no credentials were found: set them in the environment or give the process a role',
  ],
  NoSuchBucket: ['unavailable', 'there is no such bucket'],
  RequestTimeout: ['unavailable', 'the body came too slowly'],
  PermanentRedirect: ['unsupported', 'the bucket is in another region: set region in its URL'],
  AuthorizationHeaderMalformed: ['unsupported', 'the bucket is in another region: set region in its URL'],
  IllegalLocationConstraintException: ['unsupported', 'the bucket is in another region: set region in its URL'],
  NotImplemented: ['unsupported', 'the server does not know this request or one of its conditions'],
  KeyTooLongError: ['invalid-key', 'the key is too long for this server'],
  ObjectParentIsFile: ['invalid-key', 'a part of the key is an object on this server'],
  InvalidPart: ['corrupt', 'a part is not what its receipt says'],
  InvalidPartOrder: ['corrupt', 'the parts are out of order'],
  EntityTooSmall: ['corrupt', 'a part other than the last is too small'],
  NoSuchUpload: ['unknown-upload', 'no such upload is under way'],
  QuotaExceeded: ['full', 'the quota is used up'],
  XMinioStorageFull: ['full', 'the server has no room'],
  RequestTimeTooSkewed: ['unavailable', "this machine's clock is too far from the server's"],
};

/** What a failure means to those above, under the bucket's name. */
export function toStorageError(cause: unknown, url: string, key?: string): unknown {
  if (!(cause instanceof S3Failure)) return cause;
  const [kind, sentence] = SENTENCES[cause.code] ?? meaningOf(cause);
  const request = cause.more.requestId === undefined ? '' : `, request ${cause.more.requestId}`;
  return new StorageError(kind, `${url}: ${sentence} (${cause.message}${request})`, {
    ...(key !== undefined && { key }),
    cause,
  });
}

function meaningOf(failure: S3Failure): readonly [StorageErrorKind, string] {
  if (PERMANENT.has(failure.code))
    return ['unavailable', "the server's certificate is not trusted: NODE_EXTRA_CA_CERTS"];
  if (failure.stale) return ['denied', 'the credentials have expired'];
  if (failure.status < 300) return ['unavailable', 'the server does not answer'];
  if (failure.status === 507) return ['full', 'the server has no room'];
  if (failure.throttled) return ['unavailable', 'the server asks for fewer requests'];
  if (failure.status === 401 || failure.status === 403) return ['denied', 'the server refuses the credentials'];
  if (failure.status === 501) return ['unsupported', 'the server does not know this request or one of its conditions'];
  if (failure.status >= 500 || failure.passing) return ['unavailable', 'the server reports an error of its own'];
  if (failure.status === 301 || failure.status === 307) {
    return ['unsupported', 'the bucket is in another region: set region in its URL'];
  }
  if (failure.status === 404) return ['unavailable', 'what answers there is no S3 server'];
  return ['unsupported', 'the server refuses the request'];
}
