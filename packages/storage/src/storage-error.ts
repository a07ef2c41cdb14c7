/**
 * `unavailable`: may succeed later. `full`: no room. `read-only`: the store refuses every write. `denied`: credentials.
 * `locked`: another process owns it. `invalid-key`: a key that no caller should make. `unsupported`: a capability that is not claimed.
 * `corrupt`: what is stored is not what was written. `unknown-upload`: a data upload that is not there (aborted, expired, completed).
 */
export type StorageErrorKind =
  | 'unavailable'
  | 'full'
  | 'read-only'
  | 'denied'
  | 'locked'
  | 'invalid-key'
  | 'unsupported'
  | 'corrupt'
  | 'unknown-upload';

/** What drivers throw; services translate it where its meaning is known. */
export class StorageError extends Error {
  override readonly name = 'StorageError';

  constructor(
    readonly kind: StorageErrorKind,
    message: string,
    readonly more: { readonly key?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
  }
}

export function isStorageError(cause: unknown, kind?: StorageErrorKind): cause is StorageError {
  return cause instanceof StorageError && (kind === undefined || cause.kind === kind);
}
