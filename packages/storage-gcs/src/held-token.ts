/** A token, and until when it is used. */
export interface Token {
  readonly text: string;
  readonly goodUntil: number;
}

/** Asks for a token once for all who want one at the same time, and again when the last one is about to expire. */
export class HeldToken {
  #asked: Promise<Token> | undefined;
  #held: Token | undefined;

  constructor(private readonly ask: () => Promise<Token>) {}

  async text(): Promise<string> {
    if (this.#held !== undefined && this.#held.goodUntil > Date.now()) return this.#held.text;
    this.#asked ??= this.ask().finally(() => {
      this.#asked = undefined;
    });
    this.#held = await this.#asked;
    return this.#held.text;
  }

  /** Lets go of this token. `false` where another one is held by now. */
  drop(stale: string): boolean {
    if (this.#held?.text !== stale) return false;
    this.#held = undefined;
    return true;
  }
}
