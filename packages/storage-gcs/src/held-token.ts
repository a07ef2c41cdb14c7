/** A token, and its time. */
export interface Token {
  readonly text: string;
  /** Another one is asked for from here on, while this one is still used. */
  readonly renewAt: number;
  /** It is used no more from here on. */
  readonly goodUntil: number;
}

/** Told when no new token is to be had while the old one is still good. */
export type RenewalFailed = (cause: unknown, goodForMs: number) => void;

/** Tokens are given up this long before they expire: a request may be on its way for a while. */
const LAST_MS = 10_000;
/** Renewed before, at the latest half way. */
const EARLY_MS = 300_000;
const PAUSE_MS = 5_000;

/** The time of a token that the server takes for so long. */
export function lasting(text: string, milliseconds: number): Token {
  const now = Date.now();
  const early = Math.max(milliseconds / 2, milliseconds - EARLY_MS);
  return { text, renewAt: now + early, goodUntil: now + milliseconds - Math.min(LAST_MS, milliseconds / 4) };
}

/**
 * Holds a token for all requests. It is renewed aside, one renewal at a time, so that requests wait for one only where there is none
 * that is still good.
 */
export class HeldToken {
  #asked: Promise<Token> | undefined;
  #held: Token | undefined;
  #askedAgainAt = 0;

  constructor(
    private readonly ask: () => Promise<Token>,
    private readonly failed: RenewalFailed = () => undefined,
  ) {}

  async text(): Promise<string> {
    const [held, now] = [this.#held, Date.now()];
    if (held === undefined || held.goodUntil <= now) return (await this.#renewed()).text;
    if (held.renewAt <= now && this.#askedAgainAt <= now && this.#asked === undefined) this.#renewAside(held);
    return held.text;
  }

  /** Lets go of this token, and of what was asked while it was held. `false` where another one is held by now. */
  drop(stale: string): boolean {
    if (this.#held?.text !== stale) return false;
    this.#held = undefined;
    this.#asked = undefined;
    return true;
  }

  #renewAside({ goodUntil }: Token): void {
    this.#renewed().catch((cause: unknown) => {
      const now = Date.now();
      this.#askedAgainAt = now + PAUSE_MS;
      this.failed(cause, Math.max(0, goodUntil - now));
    });
  }

  #renewed(): Promise<Token> {
    this.#asked ??= this.#ask();
    return this.#asked;
  }

  #ask(): Promise<Token> {
    const asked: Promise<Token> = this.ask()
      .then((token) => {
        if (this.#asked === asked) this.#held = token;
        return token;
      })
      .finally(() => {
        if (this.#asked === asked) this.#asked = undefined;
      });
    return asked;
  }
}
