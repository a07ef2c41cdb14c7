import type { Consumer, ReplicationLog, SparseLog } from '@atoll/replication';
import { Loop } from './loop.js';

const WINDOW = 8;

/** A consumer that begins new segments while the jobs of earlier ones still run, so that a slow one holds up only the watermark. */
export class PipelinedConsumer {
  readonly #consumer: Consumer;
  readonly #loop: Loop;
  readonly #inFlight = new Set<Promise<void>>();
  #failure: { readonly cause: unknown } | undefined;

  constructor(
    consumer: Consumer,
    o: {
      readonly pollMs: number;
      readonly log: ReplicationLog;
      readonly trouble: SparseLog;
      readonly facts: Readonly<Record<string, unknown>>;
    },
  ) {
    this.#consumer = consumer;
    this.#loop = new Loop({
      name: 'journal reading',
      step: (signal) => this.#step(signal),
      everyMs: o.pollMs,
      log: o.log,
      trouble: o.trouble,
      facts: o.facts,
    });
  }

  wake(): void {
    this.#loop.wake();
  }

  async settled(): Promise<void> {
    do {
      await this.#loop.settled();
      await Promise.allSettled(this.#inFlight);
    } while (this.#inFlight.size > 0);
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
    await Promise.allSettled(this.#inFlight);
  }

  async #step(signal: AbortSignal): Promise<boolean> {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.cause;
    if (this.#inFlight.size >= WINDOW) await Promise.race(this.#inFlight);
    const batch = await this.#consumer.read({ signal });
    if (batch === undefined) return false;
    const applied = batch.applied
      .catch((cause: unknown) => {
        // Told and slowed down by the loop, at its next step.
        this.#failure = { cause };
        this.#loop.wake();
      })
      .finally(() => this.#inFlight.delete(applied));
    this.#inFlight.add(applied);
    return true;
  }
}
