import { storageErrorOf, type Meaning } from '@atoll/storage';
import { AzureFailure, type Action } from './azure-failure.js';

/** Answers that say yes and lack what every one of the service has. */
const STRANGE = new Set([
  'AnswerWithoutBody',
  'AnswerWithoutETag',
  'AnswerWithoutPage',
  'IncompleteAnswer',
  'UnreadableAnswer',
]);

/** What each action takes: a data action of the role, or a letter of the signature. */
const NEEDS: Readonly<Record<Action, string>> = {
  read: 'may not read blobs: it needs the data action blobs/read, or r in its signature',
  list: 'may not list blobs: it needs the data action blobs/read on the container, or l in its signature',
  write: 'may not write blobs: it needs the data actions blobs/write and blobs/add/action, or c and w in its signature',
  delete: 'may not delete blobs: it needs the data action blobs/delete, or d in its signature',
};
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
  AuthorizationFailure: [
    'denied',
    'the server refuses: the key is wrong, the signature has ended, or its firewall keeps this network out',
  ],
  AuthorizationProtocolMismatch: ['denied', 'the signature is for https only'],
  AuthorizationSourceIPMismatch: ['denied', 'the signature is for other addresses than this machine has'],
  ContainerBeingDeleted: ['unavailable', 'the container is being deleted'],
  ContainerDisabled: ['denied', 'the container is disabled'],
  ContainerNotFound: ['unavailable', 'there is no such container'],
  CredentialUnavailableError: [
    'denied',
    'no credentials were found: give the process an identity, or set AZURE_STORAGE_CONNECTION_STRING',
  ],
  ENOTFOUND: ['unavailable', 'there is no such storage account, or its name cannot be looked up'],
  InvalidAuthenticationInfo: NOT_AUTHENTICATED,
  KeyBasedAuthenticationNotPermitted: ['denied', 'the account allows no shared keys: use an identity'],
  NoAuthenticationInformation: NOT_AUTHENTICATED,
};

/** Codes that tell of a permission which is missing. */
const NOT_ALLOWED = new Set([
  'AuthorizationPermissionMismatch',
  'AuthorizationResourceTypeMismatch',
  'InsufficientAccountPermissions',
  'UnauthorizedBlobOverwrite',
]);

const OF_BLOB: Readonly<Record<string, Meaning>> = {
  BlobArchived: ['unavailable', 'the blob is in the archive tier: a lifecycle rule must not move what is live'],
  BlobImmutableDueToPolicy: KEPT,
  BlobNotFound: ['unavailable', 'the blob was deleted while it was read'],
  ConditionNotMet: ['unavailable', 'the blob was replaced while it was read'],
  InvalidBlobType: ['corrupt', 'another program made something there that is no block blob'],
  InvalidUri: ['invalid-key', 'the server does not take the key'],
  LeaseIdMissing: ['denied', 'another program holds a lease on the blob'],
  OutOfRangeInput: ['invalid-key', 'the server does not take the key'],
};

/** What a failure means to those above, under the container's name. */
export function toStorageError(cause: unknown, url: string, key?: string): unknown {
  if (!(cause instanceof AzureFailure)) return cause;
  const ofStore = NOT_ALLOWED.has(cause.code) ? notAllowed(cause) : OF_STORE[cause.code];
  const meaning = ofStore ?? OF_BLOB[cause.code] ?? meaningOf(cause);
  return storageErrorOf(cause, meaning, url, ofStore === undefined ? key : undefined);
}

function notAllowed({ more: { action } }: AzureFailure): Meaning {
  const what = action === undefined ? 'may not do this' : NEEDS[action];
  return ['denied', `the identity ${what} (docs/drivers/azure.md, "Permissions")`];
}

function meaningOf(failure: AzureFailure): Meaning {
  const { status } = failure;
  if (STRANGE.has(failure.code)) return NOT_THE_SERVICE;
  if (failure.untrusted) {
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
