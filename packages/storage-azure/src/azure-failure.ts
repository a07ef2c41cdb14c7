import type { FailedAttempt } from '@atoll/storage';

/** `answered`: the server said no. `lost`: no answer came, or none that can be read, so the call may have happened or not. */
export type Outcome = 'answered' | 'lost';

/** What was asked for, as permissions tell it apart. */
export type Action = 'read' | 'list' | 'write' | 'delete';

export interface FailureFacts {
  readonly action?: Action;
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
export const PERMANENT = new Set([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CredentialUnavailableError',
]);
