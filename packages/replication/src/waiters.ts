import type { Outcome, RunOptions } from './job-queue.js';

type Listener = (outcome: Outcome) => void;

/** Who waits for the end of which job. */
export class Waiters {
  readonly #listeners = new Map<string, Set<Listener>>();

  /** The ids somebody waits for. */
  ids(): IterableIterator<string> {
    return this.#listeners.keys();
  }

  get size(): number {
    return this.#listeners.size;
  }

  has(id: string): boolean {
    return this.#listeners.has(id);
  }

  /** Call before adding the jobs, so that no end is missed. @throws the signal's reason */
  async waitFor(ids: readonly string[], o: RunOptions): Promise<Outcome[]> {
    const outcomes = new Map<string, Outcome>();
    const missing = new Set(ids);
    const listeners = new Map<string, Listener>();
    let timer: NodeJS.Timeout | undefined;
    let abort = (): void => undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        for (const id of missing) {
          const listener: Listener = (outcome) => {
            outcomes.set(id, outcome);
            missing.delete(id);
            if (missing.size === 0) resolve();
          };
          listeners.set(id, listener);
          this.#listen(id, listener);
        }
        if (missing.size === 0) resolve();
        timer = setTimeout(resolve, o.waitMs);
        abort = () => reject(o.signal?.reason instanceof Error ? o.signal.reason : new Error('aborted'));
        o.signal?.addEventListener('abort', abort, { once: true });
      });
      return ids.map((id) => outcomes.get(id) ?? 'late');
    } finally {
      clearTimeout(timer);
      o.signal?.removeEventListener('abort', abort);
      for (const [id, listener] of listeners) this.#unlisten(id, listener);
    }
  }

  settle(id: string, outcome: Outcome): void {
    const listeners = this.#listeners.get(id);
    this.#listeners.delete(id);
    for (const listener of listeners ?? []) listener(outcome);
  }

  /** Everyone who still waits hears `late`. */
  abandon(): void {
    for (const id of [...this.#listeners.keys()]) this.settle(id, 'late');
  }

  #listen(id: string, listener: Listener): void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
  }

  #unlisten(id: string, listener: Listener): void {
    const listeners = this.#listeners.get(id);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(id);
  }
}
