import { RequestFailure, storageErrorOf, type FailureFacts, type Meaning, type Outcome } from '@atoll/storage';

export interface GcsFacts extends FailureFacts {
  /** What the server says the identity lacks: `storage.objects.create`. */
  readonly permission?: string;
}

/** Why one request failed. Holds nothing of the request itself, which carries a token. */
export class GcsFailure extends RequestFailure {
  override readonly name = 'GcsFailure';

  constructor(
    outcome: Outcome,
    code: string,
    override readonly more: GcsFacts = {},
  ) {
    super(outcome, code, more);
  }

  /** Some limits are told with 403: Cloud Storage, "HTTP status and error codes for JSON". */
  get throttled(): boolean {
    return this.status === 429 || this.status === 503 || /rateLimitExceeded$/i.test(this.code);
  }

  get passing(): boolean {
    if (this.untrusted) return false;
    if (this.outcome === 'lost' || this.throttled || this.code === 'TokenUnavailable') return true;
    return this.status === 408 || (this.status >= 500 && this.status !== 501);
  }
}

/** What concerns the whole store: the key that was asked for does not matter. */
const OF_STORE: Readonly<Record<string, Meaning>> = {
  NoCredentials: [
    'denied',
    'no credentials were found: give the process an identity, or name a key file in GOOGLE_APPLICATION_CREDENTIALS',
  ],
  TokenRefused: ['denied', 'no token was to be had for the identity: it is gone, its key is, or its clock is off'],
  TokenUnavailable: ['unavailable', 'where tokens come from does not answer'],
  UnusableKeyFile: [
    'denied',
    'the file that GOOGLE_APPLICATION_CREDENTIALS names cannot be read, or holds no usable credentials',
  ],
  NoSuchBucket: ['unavailable', 'there is no such bucket'],
  UserProjectMissing: ['denied', 'the bucket is one whose readers pay, which is not supported'],
  accountDisabled: ['denied', 'the account of the bucket is disabled: look at its billing'],
  billingNotEnabled: ['denied', 'the project of the bucket has no billing'],
  ENOTFOUND: ['unavailable', "the server's name cannot be looked up"],
};

const OF_OBJECT: Readonly<Record<string, Meaning>> = {
  ConditionNotMet: ['unavailable', 'the object was replaced while it was read'],
  EntityTooSmall: ['corrupt', 'a part that is not the last one is too small'],
  InvalidPart: ['corrupt', 'a part is not the one that was acknowledged'],
  InvalidPartOrder: ['corrupt', 'the parts are out of order'],
  NoSuchKey: ['unavailable', 'the object was deleted while it was read'],
  NoSuchUpload: ['unknown-upload', 'the upload is not there any more'],
  ObjectUnderActiveHold: ['denied', 'a hold keeps the object from being changed or deleted'],
  objectUnderActiveHold: ['denied', 'a hold keeps the object from being changed or deleted'],
  retentionPolicyNotMet: ['denied', "the bucket's retention policy keeps the object from being changed or deleted"],
  RetentionPolicyNotMet: ['denied', "the bucket's retention policy keeps the object from being changed or deleted"],
};

/** What a failure means to those above, under the bucket's name. */
export function toStorageError(cause: unknown, url: string, key?: string): unknown {
  if (!(cause instanceof GcsFailure)) return cause;
  const ofStore = OF_STORE[cause.code];
  const meaning = ofStore ?? OF_OBJECT[cause.code] ?? meaningOf(cause);
  return storageErrorOf(cause, meaning, url, ofStore === undefined ? key : undefined);
}

function meaningOf(failure: GcsFailure): Meaning {
  const { status } = failure;
  if (failure.untrusted) {
    return ['unavailable', "the server's certificate is not trusted: see NODE_EXTRA_CA_CERTS"];
  }
  if (failure.throttled) return ['unavailable', 'the server asks for fewer requests'];
  if (status >= 500 && status !== 501) return ['unavailable', 'the server reports an error of its own'];
  if (failure.outcome === 'lost') return ['unavailable', 'the server does not answer'];
  if (status === 401) return ['denied', "the server does not accept the identity's token"];
  if (status === 403) return ['denied', refusal(failure)];
  if (status === 404) return ['unavailable', 'what answers there is no Cloud Storage'];
  if (failure.passing) return ['unavailable', 'the server could not do this now'];
  return ['unsupported', 'the server refuses the request'];
}

function refusal({ more: { permission } }: GcsFailure): string {
  const lacking = permission === undefined ? 'may not do this' : `lacks ${permission}`;
  return `the identity ${lacking}; docs/drivers/gcs.md lists the permissions it needs`;
}
