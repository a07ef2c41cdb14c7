import { isNativeError } from 'node:util/types';
import { retryAfterMs, systemCodeOf } from '@atoll/storage';
import { S3Failure } from './s3-failure.js';

interface SdkError {
  readonly name: string;
  /** On what the server said, and not on what became of its answer. */
  readonly $fault?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  readonly $response?: { readonly statusCode?: number; readonly headers?: Readonly<Record<string, string>> };
}

/** What an error of the SDK says, without what it knows. `undefined` for one that has nothing to do with the server. */
export function failureOf(cause: unknown): S3Failure | undefined {
  if (cause instanceof S3Failure) return cause;
  if (!isNativeError(cause)) return undefined;
  const error: SdkError = cause;
  const status = error.$metadata?.httpStatusCode ?? error.$response?.statusCode;
  if (status !== undefined) return answered(error, status);
  if (error.name === 'TimeoutError') return new S3Failure('lost', 'TimeoutError');
  if (error.name === 'CredentialsProviderError') return new S3Failure('answered', error.name);
  const code = systemCodeOf(cause);
  return code === undefined ? undefined : new S3Failure('lost', code);
}

/** What it means that an object's bytes broke off, or were more or fewer than was told. */
export function brokenBody(cause?: unknown): S3Failure {
  return failureOf(cause) ?? new S3Failure('lost', 'CutBody');
}

function answered(error: SdkError, status: number): S3Failure {
  return answeredFailure(status, error.$fault === undefined ? undefined : error.name, {
    requestId: error.$metadata?.requestId,
    retryAfter: error.$response?.headers?.['retry-after'],
  });
}

interface AnswerFacts {
  readonly requestId: string | readonly string[] | undefined;
  readonly retryAfter: string | undefined;
}

/** What an answer says that is none of success. `said`: its code, `undefined` where it cannot be read. */
export function answeredFailure(status: number, said: string | undefined, facts: AnswerFacts): S3Failure {
  const { requestId } = facts;
  const pauseMs = retryAfterMs(facts.retryAfter);
  const more = {
    status,
    ...(typeof requestId === 'string' && /^[\w+/=.-]{1,100}$/.test(requestId) && { requestId }),
    ...(pauseMs !== undefined && { retryAfterMs: pauseMs }),
  };
  // Cut on the way, or not from a server of this kind. A yes that cannot be read leaves open what has happened.
  if (said === undefined) {
    return new S3Failure(status < 300 || isUnclear(status, '') ? 'lost' : 'answered', 'UnreadableAnswer', more);
  }
  const code = /^[A-Za-z0-9.]{1,100}$/.test(said) ? said : 'UnknownError';
  return new S3Failure(isUnclear(status, code) ? 'lost' : 'answered', code, more);
}

/** Whether the call may have happened all the same. A 503 without a code of S3's comes from a proxy that gave up waiting. */
function isUnclear(status: number, code: string): boolean {
  if (status === 503) return code !== 'SlowDown' && code !== 'ServiceUnavailable';
  return status === 500 || status === 502 || status === 504;
}
