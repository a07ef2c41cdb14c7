import pLimit, { type LimitFunction } from 'p-limit';

/**
 * Bounds how many parts of all streams together are on their way to a store, and with them the memory they take: a part keeps its bytes
 * until the store has answered.
 */
export class PartTurns {
  readonly #limit: LimitFunction;

  constructor(atOnce: number) {
    this.#limit = pLimit(atOnce);
  }

  /**
   * Begins `task` when its turn has come and answers at that moment, with what becomes of it. Who gathers the next part only then never
   * holds more than the one that waits. A failure of `done` that nobody awaits yet is no unhandled rejection.
   */
  begin<T>(task: () => Promise<T>): Promise<{ readonly done: Promise<T> }> {
    return new Promise((resolve) => {
      void this.#limit(async () => {
        const done = task();
        resolve({ done });
        await done.catch(() => undefined);
      });
    });
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    return (await this.begin(task)).done;
  }
}
