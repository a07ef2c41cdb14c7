import type { Clock } from '@atoll/core';
import type { CallOptions } from '@atoll/storage';
import type { UserDelegationKey } from '@azure/storage-blob';
import type { Answer, AzureCalls, RequestOptions } from './azure-calls.js';
import { AzureFailure } from './azure-failure.js';
import { toStorageError } from './failure-meaning.js';
import type { Place } from './place.js';

const HOUR_MS = 3_600_000;
/** The service gives keys for a week at most: "Get User Delegation Key". */
const KEY_HOURS = 24;
/** Clocks of this machine and the server may differ. */
const SKEW_MS = 300_000;
/** A role that is given meanwhile takes some minutes to hold, anyway. */
const REFUSED_FOR_MS = 600_000;

interface DelegatedKeysParts {
  readonly calls: AzureCalls;
  readonly place: Pick<Place, 'url'>;
  /** "Get User Delegation Key". */
  readonly ask: (from: Date, until: Date, options: RequestOptions) => Promise<UserDelegationKey & Answer>;
  readonly clock: Clock;
}

interface Held {
  /** Absent where the identity may have none. */
  readonly key: UserDelegationKey | undefined;
  readonly until: number;
}

/** Keys that an identity may sign URLs with: one for all URLs of a day. */
export class DelegatedKeys {
  #asked: Promise<Held> | undefined;

  constructor(private readonly parts: DelegatedKeysParts) {}

  /** One that is valid until then; `undefined` where the identity may have none, which is not asked for again by every request. */
  async until(expiresAt: number, { signal }: CallOptions): Promise<UserDelegationKey | undefined> {
    const asked = this.#asked;
    const held = await asked?.catch(() => undefined);
    if (held !== undefined && this.#serves(held, expiresAt)) return held.key;
    signal?.throwIfAborted();
    // Of all who find it too old, the first one asks for another.
    if (this.#asked === asked || this.#asked === undefined) this.#asked = this.#ask(expiresAt);
    return (await this.#asked).key;
  }

  #serves({ key, until }: Held, expiresAt: number): boolean {
    return until >= (key === undefined ? this.parts.clock.now() : expiresAt);
  }

  async #ask(expiresAt: number): Promise<Held> {
    const { calls, place, ask, clock } = this.parts;
    const from = new Date(clock.now() - SKEW_MS);
    const until = Math.max(expiresAt, clock.now() + KEY_HOURS * HOUR_MS);
    try {
      return { key: await calls.send((o) => ask(from, new Date(until), o)), until };
    } catch (cause) {
      if (!(cause instanceof AzureFailure) || cause.status !== 403) throw toStorageError(cause, place.url);
      return { key: undefined, until: clock.now() + REFUSED_FOR_MS };
    }
  }
}
