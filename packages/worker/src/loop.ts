import { setImmediate as nextTurn } from 'node:timers/promises';
import { exponentialBackoff, SparseLog, type Backoff, type ReplicationLog } from '@atoll/replication';

export interface LoopParts {
  /** For log lines. */
  readonly name: string;
  /** Does some of the work there is; `true` asks for another turn at once. */
  readonly step: (signal: AbortSignal) => Promise<boolean>;
  /** The longest pause between two steps. */
  readonly everyMs: number;
  /** After being woken, how long to wait for more to come, so that a burst is one step. */
  readonly gatherMs?: number;
  readonly log: ReplicationLog;
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly backoff?: Backoff;
  /** Shared by loops that fail for the same reason, so that one outage is one line. */
  readonly trouble?: SparseLog;
}

/** Does one kind of work for as long as the process lives: at once when woken, else now and then; whatever goes wrong. */
export class Loop {
  readonly #parts: LoopParts;
  readonly #stopping = new AbortController();
  readonly #backoff: Backoff;
  readonly #trouble: SparseLog;
  readonly #ended: Promise<void>;
  readonly #settlers: { after: number; resolve: () => void }[] = [];
  #turns = 0;
  #woken = false;
  #wake: (() => void) | undefined;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#backoff = parts.backoff ?? exponentialBackoff({ firstMs: 500, mostMs: 30_000 });
    this.#trouble = parts.trouble ?? new SparseLog(parts.log);
    this.#ended = this.#run();
  }

  /** There may be something to do now. */
  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Resolves after a turn that began after this call and found no more to do, or failed. */
  async settled(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const after = this.#turns;
    const settled = new Promise<void>((resolve) => this.#settlers.push({ after, resolve }));
    this.wake();
    await settled;
  }

  /** Resolves when the step under way has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the worker is stopping'));
    this.#wake?.();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    await nextTurn();
    while (!signal.aborted) {
      this.#woken = false;
      this.#turns += 1;
      const turn = this.#turns;
      const outcome = await this.#step(signal);
      if (outcome === 'more') {
        // Lets requests through between two steps, also where a store answers without waiting.
        await nextTurn();
        continue;
      }
      failures = outcome === 'failed' ? failures + 1 : 0;
      this.#settle(turn);
      await this.#pause(failures === 0 ? this.#parts.everyMs : this.#backoff(failures));
    }
    this.#settle(Infinity);
  }

  async #step(signal: AbortSignal): Promise<'more' | 'idle' | 'failed'> {
    try {
      return (await this.#parts.step(signal)) ? 'more' : 'idle';
    } catch (cause) {
      if (!signal.aborted) this.#trouble.warn(`${this.#parts.name} failed, will try again`, cause, this.#parts.facts);
      return 'failed';
    }
  }

  #settle(turn: number): void {
    for (const settler of this.#settlers.splice(0)) {
      if (turn > settler.after) settler.resolve();
      else this.#settlers.push(settler);
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    if (!this.#woken) await this.#sleep(milliseconds);
    const { gatherMs } = this.#parts;
    if (this.#woken && gatherMs !== undefined && !this.#stopping.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, gatherMs));
    }
  }

  async #sleep(milliseconds: number): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, milliseconds);
    });
    clearTimeout(timer);
    this.#wake = undefined;
  }
}
