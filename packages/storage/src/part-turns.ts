/** What may be on its way to one store at a time. */
export interface TurnLimits {
  readonly parts: number;
  readonly bytes: number;
}

/** Small parts are bounded by their number, as each takes a connection, and large ones by their memory. */
const USUAL_LIMITS: TurnLimits = { parts: 16, bytes: 128 * 1_048_576 };

interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

/**
 * Bounds how many parts of all streams together are on their way to a store, and the memory they take: a part keeps its bytes until the
 * store has answered. Turns come in the order in which they were asked for, so that a large part is not overtaken for ever; one that is
 * larger than the bound goes alone.
 */
export class PartTurns {
  readonly #waiting: Waiting[] = [];
  #parts = 0;
  #bytes = 0;

  constructor(private readonly limits: TurnLimits = USUAL_LIMITS) {}

  /**
   * Begins `task` when its turn has come and answers at that moment, with what becomes of it. Who gathers the next part only then never
   * holds more than the one that waits. A failure of `done` that nobody awaits yet is no unhandled rejection.
   * @param sizeBytes of what `task` sends; `undefined` where it is not known, which counts as the usual size
   */
  begin<T>(sizeBytes: number | undefined, task: () => Promise<T>): Promise<{ readonly done: Promise<T> }> {
    const { parts, bytes: most } = this.limits;
    const bytes = Math.min(sizeBytes ?? most / parts, most);
    return new Promise((resolve) => {
      const start = (): void => {
        const done = started(task);
        resolve({ done });
        const end = (): void => this.#end(bytes);
        void done.then(end, end);
      };
      this.#waiting.push({ bytes, start });
      this.#startThoseThatFit();
    });
  }

  async run<T>(sizeBytes: number | undefined, task: () => Promise<T>): Promise<T> {
    return (await this.begin(sizeBytes, task)).done;
  }

  #end(bytes: number): void {
    this.#parts -= 1;
    this.#bytes -= bytes;
    this.#startThoseThatFit();
  }

  #startThoseThatFit(): void {
    for (let next = this.#waiting[0]; next && this.#fits(next); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#parts += 1;
      this.#bytes += next.bytes;
      next.start();
    }
  }

  #fits({ bytes }: Waiting): boolean {
    return this.#parts < this.limits.parts && this.#bytes + bytes <= this.limits.bytes;
  }
}

/** A task that throws before it promises anything has failed as any other. */
async function started<T>(task: () => Promise<T>): Promise<T> {
  return task();
}
