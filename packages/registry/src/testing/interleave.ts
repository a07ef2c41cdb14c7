import { setImmediate } from 'node:timers/promises';
import { interceptStore, type ObjectStore } from '@atoll/storage';

/**
 * Lets two actors on one store take turns, one request at a time, in the order that `next` tells: it is given how many each has
 * made and answers whose turn it is. The turn of one who is done goes to the other.
 */
export class Interleaving {
  readonly #waiting: [(() => void)[], (() => void)[]] = [[], []];
  readonly #done: [boolean, boolean] = [false, false];

  constructor(private readonly store: ObjectStore) {}

  /** The store as the actor sees it. */
  storeOf(actor: 0 | 1): ObjectStore {
    return interceptStore(this.store, async (_op, _key, call) => {
      await new Promise<void>((resolve) => this.#waiting[actor].push(resolve));
      return call();
    });
  }

  /** Runs both to their ends. */
  async run(
    tasks: readonly [() => Promise<unknown>, () => Promise<unknown>],
    next: (made: readonly [number, number]) => 0 | 1,
  ) {
    const both = Promise.all(
      tasks.map(async (task, actor) => {
        try {
          return { value: await task() };
        } catch (cause) {
          return { cause };
        } finally {
          this.#done[actor as 0 | 1] = true;
        }
      }),
    );
    const made: [number, number] = [0, 0];
    while (!(this.#done[0] && this.#done[1])) {
      await setImmediate();
      const wanted = next(made);
      const actor = this.#done[wanted] ? otherThan(wanted) : wanted;
      const go = this.#waiting[actor].shift();
      if (go) made[actor]++;
      go?.();
    }
    return both;
  }
}

function otherThan(actor: 0 | 1): 0 | 1 {
  return actor === 0 ? 1 : 0;
}
