import type { Registry } from '@atoll/registry';
import type { ReplicationLog } from '@atoll/replication';
import { Loop } from './loop.js';

export interface IntentSettlingParts {
  readonly intents: Pick<Registry['intents'], 'resolve'>;
  readonly log: ReplicationLog;
  readonly everyMs: number;
  /** The age at which an intent is taken for one whose process died for certain. */
  readonly removeAfterMs: number;
  /** The age at which what it names is told to the peers, in case its process died. */
  readonly settleAfterMs: number;
}

/**
 * Tells the peers of what changes have written whose process died before it could, and removes their intents a day later. A worker often
 * starts because its process died, together with changes that are not old enough at its first look: it looks at those once more.
 */
export class IntentSettling {
  readonly #loop: Loop;
  #secondLook: NodeJS.Timeout | undefined;

  constructor(private readonly parts: IntentSettlingParts) {
    const { log, everyMs } = parts;
    this.#loop = new Loop({ name: 'intent settling', step: (signal) => this.#look(signal), everyMs, log });
  }

  async stop(): Promise<void> {
    clearTimeout(this.#secondLook);
    await this.#loop.stop();
  }

  async #look(signal: AbortSignal): Promise<boolean> {
    const { intents, log, removeAfterMs, settleAfterMs } = this.parts;
    const { young, ...done } = await intents.resolve(removeAfterMs, { settleOlderThanMs: settleAfterMs, signal });
    if (Object.values(done).some((count) => count > 0)) log.info('intent settling done', done);
    if (young > 0 && !signal.aborted) this.#secondLook ??= setTimeout(() => this.#loop.wake(), settleAfterMs);
    return false;
  }
}
