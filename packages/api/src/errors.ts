import { RegistryError } from '@atoll/core';
import { isStorageError, type StorageErrorKind } from '@atoll/storage';

interface Outage {
  readonly message: string;
  readonly retryAfterSeconds: number;
}

const NOT_ANSWERING: Outage = { message: "this region's storage does not answer", retryAfterSeconds: 5 };

/** Faults of the store that a client may see the end of by waiting. Its own words stay in the log, and a 403 of its never goes out. */
const OUTAGES: Partial<Record<StorageErrorKind, Outage>> = {
  full: { message: "this region's storage is full; what could not be stored is not visible", retryAfterSeconds: 60 },
  'read-only': { message: "this region's storage takes no writes at present", retryAfterSeconds: 60 },
  unavailable: NOT_ANSWERING,
  locked: NOT_ANSWERING,
  denied: NOT_ANSWERING,
};

const DEFAULT_RETRY_AFTER_SECONDS = 5;

/** What the client is told of whatever went wrong. */
export function toRegistryError(cause: unknown): RegistryError {
  if (cause instanceof RegistryError) return cause;
  if (!isStorageError(cause)) return new RegistryError('UNKNOWN', 'internal error', { cause });
  if (cause.kind === 'unknown-upload') {
    return new RegistryError('BLOB_UPLOAD_UNKNOWN', 'this upload was ended meanwhile; start a new one', { cause });
  }
  const outage = OUTAGES[cause.kind];
  if (outage === undefined) return new RegistryError('UNKNOWN', 'internal error', { cause });
  const headers = { 'Retry-After': String(outage.retryAfterSeconds) };
  return new RegistryError('UNAVAILABLE', outage.message, { cause, headers });
}

/** Headers of an error's answer, `Retry-After` included wherever trying again later is the advice. */
export function headersOf(error: RegistryError): Record<string, string> {
  const advice: Record<string, string> =
    error.status === 429 || error.status === 503 ? { 'Retry-After': String(DEFAULT_RETRY_AFTER_SECONDS) } : {};
  return { 'Cache-Control': 'no-store', ...advice, ...error.more.headers };
}

/** distribution-spec, Error Codes. */
export function errorPayload(error: RegistryError): Buffer {
  return Buffer.from(JSON.stringify({ errors: error.entries }));
}
