import { StorageError, type FailedAttempt, type StorageErrorKind } from '@atoll/storage';

/** `answered`: the server said no. `lost`: no answer came, or none that can be read, so the call may have happened or not. */
export type Outcome = 'answered' | 'lost';

export interface FailureFacts {
  readonly status?: number;
  readonly requestId?: string;
  readonly retryAfterMs?: number;
  /** The answer's `Date`. */
  readonly date?: string;
}

/** Why one request failed. Holds nothing of the request itself: the SDK's errors carry signatures and tokens. */
export class AzureFailure extends Error implements FailedAttempt {
  override readonly name = 'AzureFailure';

  constructor(
    readonly outcome: Outcome,
    /** The code of the server's answer, or that of a socket's error. */
    readonly code: string,
    readonly more: FailureFacts = {},
    options?: ErrorOptions,
  ) {
    super(more.status === undefined ? code : `${code}, HTTP ${more.status}`, options);
  }

  get status(): number {
    return this.more.status ?? 0;
  }

  get throttled(): boolean {
    return this.status === 429 || this.status === 503;
  }

  get passing(): boolean {
    if (PERMANENT.has(this.code)) return false;
    if (this.outcome === 'lost' || this.throttled) return true;
    return this.status === 408 || (this.status >= 500 && this.status !== 501) || PASSING.has(this.code);
  }
}

/** Errors below 500 that pass. */
const PASSING = new Set(['OperationTimedOut', 'ContainerBeingDeleted', 'SnapshotOperationRateExceeded']);

/** No answer, and none to be expected. */
const PERMANENT = new Set([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CredentialUnavailableError',
]);

/** Answers that say yes and lack what every one of the service has. */
const STRANGE = new Set([
  'AnswerWithoutBody',
  'AnswerWithoutETag',
  'AnswerWithoutPage',
  'IncompleteAnswer',
  'UnreadableAnswer',
]);

type Meaning = readonly [StorageErrorKind, string];

const NOT_ALLOWED: Meaning = ['denied', 'the identity may not do this; docs/drivers/azure.md lists the roles it needs'];
const NOT_AUTHENTICATED: Meaning = [
  'denied',
  "the server does not accept the credentials: the key or token is wrong or expired, or this machine's clock is off",
];
const NOT_THE_SERVICE: Meaning = ['unavailable', 'what answers there is no Azure Blob Storage'];
const KEPT: Meaning = ['denied', 'a policy of the container or account keeps blobs from being changed or deleted'];

/** What concerns the whole store: the key that was asked for does not matter. */
const OF_STORE: Readonly<Record<string, Meaning>> = {
  AccountIsDisabled: ['denied', 'the storage account is disabled'],
  AuthenticationError: ['denied', 'no token was to be had for the identity'],
  AuthenticationFailed: NOT_AUTHENTICATED,
  AuthorizationFailure: ['denied', 'the server refuses: the key is wrong, or its firewall keeps this network out'],
  AuthorizationPermissionMismatch: NOT_ALLOWED,
  ContainerBeingDeleted: ['unavailable', 'the container is being deleted'],
  ContainerDisabled: ['denied', 'the container is disabled'],
  ContainerNotFound: ['unavailable', 'there is no such container'],
  CredentialUnavailableError: [
    'denied',
    'no credentials were found: give the process an identity, or set AZURE_STORAGE_CONNECTION_STRING',
  ],
  ENOTFOUND: ['unavailable', 'there is no such storage account, or its name cannot be looked up'],
  InsufficientAccountPermissions: NOT_ALLOWED,
  InvalidAuthenticationInfo: NOT_AUTHENTICATED,
  KeyBasedAuthenticationNotPermitted: ['denied', 'the account allows no shared keys: use an identity'],
  NoAuthenticationInformation: NOT_AUTHENTICATED,
};

const OF_BLOB: Readonly<Record<string, Meaning>> = {
  BlobArchived: ['unavailable', 'the blob is in the archive tier: a lifecycle rule must not move what is live'],
  BlobImmutableDueToPolicy: KEPT,
  BlobNotFound: ['unavailable', 'the blob was deleted while it was read'],
  ConditionNotMet: ['unavailable', 'the blob was replaced while it was read'],
  InvalidBlobType: ['corrupt', 'another program made something there that is no block blob'],
  InvalidUri: ['invalid-key', 'the server does not take the key'],
  LeaseIdMissing: ['denied', 'another program holds a lease on the blob'],
  OutOfRangeInput: ['invalid-key', 'the server does not take the key'],
  UnauthorizedBlobOverwrite: NOT_ALLOWED,
};

/** What a failure means to those above, under the container's name. */
export function toStorageError(cause: unknown, url: string, key?: string): unknown {
  if (!(cause instanceof AzureFailure)) return cause;
  const ofStore = OF_STORE[cause.code];
  const [kind, sentence] = ofStore ?? OF_BLOB[cause.code] ?? meaningOf(cause);
  const request = cause.more.requestId === undefined ? '' : `, request ${cause.more.requestId}`;
  return new StorageError(kind, `${url}: ${sentence} (${cause.message}${request})`, {
    ...(ofStore === undefined && key !== undefined && { key }),
    cause,
  });
}

function meaningOf(failure: AzureFailure): Meaning {
  const { status } = failure;
  if (STRANGE.has(failure.code)) return NOT_THE_SERVICE;
  if (PERMANENT.has(failure.code)) {
    return ['unavailable', "the server's certificate is not trusted: see NODE_EXTRA_CA_CERTS"];
  }
  if (failure.throttled) return ['unavailable', 'the server asks for fewer requests'];
  if (status >= 500 && status !== 501) return ['unavailable', 'the server reports an error of its own'];
  if (failure.outcome === 'lost') return ['unavailable', 'the server does not answer'];
  if (status === 401 || status === 403) return NOT_AUTHENTICATED;
  if (status === 404) return NOT_THE_SERVICE;
  if (failure.passing) return ['unavailable', 'the server could not do this now'];
  return ['unsupported', 'the server refuses the request'];
}
