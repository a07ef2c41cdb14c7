import type { Attempts } from './attempts.js';
import type { DeleteOutcome } from './object-store.js';
import { RequestFailure } from './request-failure.js';

/** A delete whose repeat does not say whether it has happened before. */
export interface DeleteToSettle {
  readonly attempts: Attempts;
  /** One attempt. */
  readonly send: () => Promise<unknown>;
  /** What a refusal says of the object. Some servers say `not met` of one that is absent. */
  readonly meaningOf: (failure: RequestFailure) => 'absent' | 'not met' | undefined;
  readonly isThere: () => Promise<boolean>;
  readonly toError: (failure: RequestFailure) => unknown;
}

/**
 * What is not there after a delete that was not answered was deleted by it, or else by somebody at the same time.
 * @throws what `toError` says, or what is thrown that is no failure of a request
 */
export async function settleDelete(o: DeleteToSettle): Promise<DeleteOutcome> {
  let unanswered = false;
  for (;;) {
    try {
      await o.send();
      return 'deleted';
    } catch (cause) {
      if (!(cause instanceof RequestFailure)) throw cause;
      const meaning = o.meaningOf(cause);
      if (meaning === 'not met' && (await o.isThere())) return 'conflict';
      if (meaning !== undefined) return unanswered ? 'deleted' : 'absent';
      unanswered ||= cause.outcome === 'lost';
      if (!(await o.attempts.another(cause))) throw o.toError(cause);
    }
  }
}
