import { RequestFailure, type FailureFacts, type Outcome } from '@atoll/storage';

/** What was asked for, as permissions tell it apart. */
export type Action = 'read' | 'list' | 'write' | 'delete';

export interface AzureFacts extends FailureFacts {
  readonly action?: Action;
  /** The answer's `Date`. */
  readonly date?: string;
}

/** Why one request failed. Holds nothing of the request itself: the SDK's errors carry signatures and tokens. */
export class AzureFailure extends RequestFailure {
  override readonly name = 'AzureFailure';

  constructor(
    outcome: Outcome,
    code: string,
    override readonly more: AzureFacts = {},
    options?: ErrorOptions,
  ) {
    super(outcome, code, more, options);
  }

  get throttled(): boolean {
    return this.status === 429 || this.status === 503;
  }

  get passing(): boolean {
    if (this.untrusted || this.code === 'CredentialUnavailableError') return false;
    if (this.outcome === 'lost' || this.throttled) return true;
    return this.status === 408 || (this.status >= 500 && this.status !== 501) || PASSING.has(this.code);
  }
}

/** Errors below 500 that pass. */
const PASSING = new Set(['OperationTimedOut', 'ContainerBeingDeleted', 'SnapshotOperationRateExceeded']);
