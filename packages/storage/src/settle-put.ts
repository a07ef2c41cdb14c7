import type { Attempts } from './attempts.js';
import type { CallOptions, PutCondition, PutOutcome, Version } from './object-store.js';
import { RequestFailure } from './request-failure.js';

type Written = { readonly version: Version };

/** A write that makes an object visible, and how it is found out whether it has happened. */
export interface PutToSettle extends CallOptions {
  readonly condition: PutCondition;
  readonly attempts: Attempts;
  /** One attempt. */
  readonly send: () => Promise<Written>;
  /** Whether the server says that the condition does not hold. */
  readonly isConflict: (failure: RequestFailure) => boolean;
  /** Looks at what is there: `undefined` where it is not this very write that has made it. */
  readonly found: () => Promise<Written | undefined>;
  readonly toError: (failure: RequestFailure) => unknown;
}

/**
 * A write without an answer is simply sent again under the same condition: had it happened, the second one fails the condition, and
 * whoever fails it looks whether the object is its own. A proxy that sends a request twice is found out in the same way.
 * @throws what `toError` says, the signal's reason, or what is thrown that is no failure of a request
 */
export async function settlePut(put: PutToSettle): Promise<PutOutcome> {
  let unanswered = false;
  for (;;) {
    try {
      return await put.send();
    } catch (cause) {
      if (!(cause instanceof RequestFailure)) throw cause;
      if (!('blind' in put.condition) && put.isConflict(cause)) return (await put.found()) ?? 'conflict';
      unanswered ||= cause.outcome === 'lost';
      if (await put.attempts.another(cause)) continue;
      const found = unanswered ? await foundAtLast(put) : undefined;
      if (found === undefined) throw put.toError(cause);
      return found;
    }
  }
}

/** No attempt is left, and one of them may have happened. Where that cannot be found out, either, it is the write that failed. */
async function foundAtLast({ found, signal }: PutToSettle): Promise<Written | undefined> {
  try {
    return await found();
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}
