import type { CallOptions } from '@atoll/storage';

/** What everything that changes a repository takes last. */
export interface WriteOptions extends CallOptions {
  /** The request that asked for the change; it follows the change into the journal and to the other regions. */
  readonly requestId?: string | undefined;
}

/**
 * For the writes from the first that others can see to the journal entry: they are few and small, and a client that goes away between
 * them would leave its intent, with all it pins, until it is settled hours later.
 */
export function withoutSignal({ requestId }: WriteOptions): WriteOptions {
  return { requestId };
}
