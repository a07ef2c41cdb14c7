import type { LoggedChange } from './write-log.js';

// Enough for many thousands of small objects, and little beside what the process has anyway.
const MAX_BYTES = 4_194_304;
// What an entry takes beside its body, roughly.
const ENTRY_BYTES = 500;

/** An object that is durable in the log and that no file shows yet. */
export interface Unshown {
  readonly key: string;
  readonly path: string;
  /** The file's time. */
  readonly microseconds: number;
  readonly body: Buffer;
  /** Whether a file of an earlier object may stand at `path`. */
  readonly mayCover: boolean;
  readonly logged: LoggedChange | undefined;
}

/** What is kept in the log without a file, in the order it came. */
export class UnshownObjects {
  readonly #kept = new Map<string, { readonly unshown: Unshown; old: boolean }>();
  readonly #waiting = new Map<string, (() => void)[]>();
  #bytes = 0;

  hasRoom(sizeBytes: number): boolean {
    return this.#bytes + sizeBytes + ENTRY_BYTES <= MAX_BYTES;
  }

  get(key: string): Unshown | undefined {
    return this.#kept.get(key)?.unshown;
  }

  /** There is none of that key. */
  add(unshown: Unshown): void {
    this.#kept.set(unshown.key, { unshown, old: false });
    this.#bytes += unshown.body.length + ENTRY_BYTES;
  }

  remove({ key, body }: Unshown): void {
    if (this.#kept.delete(key)) this.#bytes -= body.length + ENTRY_BYTES;
    for (const tell of this.#waiting.get(key) ?? []) tell();
    this.#waiting.delete(key);
  }

  /** Resolves when the object is not only in the log any more. */
  gone(key: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resolve]));
  }

  keys(prefix = ''): string[] {
    return [...this.#kept.keys()].filter((key) => key.startsWith(prefix));
  }

  get isEmpty(): boolean {
    return this.#kept.size === 0;
  }

  /** The keys of those that were there already when this was asked the last time. */
  takeOld(): string[] {
    const old: string[] = [];
    for (const [key, entry] of this.#kept) {
      if (entry.old) old.push(key);
      entry.old = true;
    }
    return old;
  }
}
