import { Writable } from 'node:stream';

const UP_AND_CLEAR = '\u001b[1A\u001b[2K';
const USUAL_COLUMNS = 80;

/** What the lines are written to: a terminal, or a file or pipe. */
export interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * A few lines, each under a name, at the bottom of the screen. On a terminal they are rewritten in place; elsewhere a line is
 * printed only when it has changed.
 */
export class LiveLines {
  readonly #screen: Screen;
  readonly #lines = new Map<string, string>();
  #drawn = 0;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  set(name: string, line: string): void {
    if (this.#lines.get(name) === line) return;
    this.#lines.set(name, line);
    if (this.#screen.isTTY) this.#draw();
    else this.#screen.write(`${line}\n`);
  }

  /** Whole lines for elsewhere, such as a log: above the live ones when both go to one terminal. */
  above(target: Screen): Writable {
    const shared = this.#screen.isTTY === true && target.isTTY === true;
    return new Writable({
      decodeStrings: false,
      write: (text: string | Buffer, _encoding, done) => {
        if (shared) this.#erase();
        target.write(String(text));
        if (shared) this.#draw();
        done();
      },
    });
  }

  #draw(): void {
    // A terminal that does not know its width says 0.
    const columns = this.#screen.columns || USUAL_COLUMNS;
    const lines = [...this.#lines.values()].map((line) => `${line.slice(0, columns - 1)}\n`);
    this.#erase();
    this.#screen.write(lines.join(''));
    this.#drawn = lines.length;
  }

  #erase(): void {
    if (this.#drawn > 0) this.#screen.write(UP_AND_CLEAR.repeat(this.#drawn));
    this.#drawn = 0;
  }
}
