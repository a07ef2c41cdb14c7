import { setTimeout as sleep } from 'node:timers/promises';
import { QueueEvents } from 'bullmq';

/** As long as BullMQ's own. */
const PAUSE_MS = 5_000;

/** BullMQ's events, but the pause after a read that Redis did not answer ends when they are closed, so that it keeps no process alive. */
export class BullEvents extends QueueEvents {
  readonly #left = new AbortController();

  override close(): Promise<void> {
    this.#left.abort();
    return super.close();
  }

  protected override async checkConnectionError<T>(read: () => Promise<T>, pauseMs = PAUSE_MS): Promise<T | undefined> {
    let failed = false;
    const noted = () =>
      read().catch((cause: unknown) => {
        failed = true;
        throw cause;
      });
    const answer = await super.checkConnectionError(noted, 0);
    if (failed) await sleep(pauseMs, undefined, { signal: this.#left.signal }).catch(() => undefined);
    return answer;
  }
}
