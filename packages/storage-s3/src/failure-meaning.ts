import { storageErrorOf, type Meaning } from '@atoll/storage';
import { S3Failure } from './s3-failure.js';

/** Of codes that say the same whatever was asked. */
const SENTENCES: Readonly<Record<string, Meaning>> = {
  AllAccessDisabled: ['denied', 'the account may not be used'],
  InvalidAccessKeyId: ['denied', 'the server does not know the access key'],
  InvalidToken: ['denied', 'the session token of the credentials is not valid'],
  SignatureDoesNotMatch: ['denied', 'the secret key is not that of the access key, or a proxy changes requests'],
  InvalidIdentityTokenException: [
    'denied',
    'no credentials are given for the web identity token: see AWS_WEB_IDENTITY_TOKEN_FILE and what AWS_ROLE_ARN trusts',
  ],
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

/** What a request does to the bucket, and what Amazon calls the permission for it. */
const PERMISSIONS = {
  read: 'read objects: they need s3:GetObject on them, and s3:ListBucket on the bucket to be told what is absent',
  list: 'list the bucket: they need s3:ListBucket on it',
  write: 'write objects: they need s3:PutObject on them',
  delete: 'delete objects: they need s3:DeleteObject on them, and s3:GetObject where a version is named',
  abort: 'free uploads: they need s3:AbortMultipartUpload on objects',
} as const;

export type Doing = keyof typeof PERMISSIONS;

/** What a failure means to those above, under the bucket's name. */
export function toStorageError(cause: unknown, url: string, doing: Doing, key?: string): unknown {
  if (!(cause instanceof S3Failure)) return cause;
  return storageErrorOf(cause, SENTENCES[cause.code] ?? meaningOf(cause, doing), url, key);
}

function meaningOf(failure: S3Failure, doing: Doing): Meaning {
  if (failure.untrusted) return ['unavailable', "the server's certificate is not trusted: NODE_EXTRA_CA_CERTS"];
  if (failure.stale) return ['denied', 'the credentials have expired'];
  if (failure.status < 300) return ['unavailable', 'the server does not answer'];
  if (failure.status === 507) return ['full', 'the server has no room'];
  if (failure.throttled) return ['unavailable', 'the server asks for fewer requests'];
  if (failure.status === 403) {
    // An answer to a HEAD has no body to say what it was.
    const either = failure.code === 'AccessDenied' ? '' : 'are refused, or ';
    return ['denied', `the credentials ${either}may not ${PERMISSIONS[doing]}`];
  }
  if (failure.status === 401) return ['denied', 'the server refuses the credentials'];
  if (failure.status === 501) return ['unsupported', 'the server does not know this request or one of its conditions'];
  if (failure.status >= 500 || failure.passing) return ['unavailable', 'the server reports an error of its own'];
  if (failure.status === 301 || failure.status === 307) {
    return ['unsupported', 'the bucket is in another region: set region in its URL'];
  }
  if (failure.status === 404) return ['unavailable', 'what answers there is no S3 server'];
  return ['unsupported', 'the server refuses the request'];
}
