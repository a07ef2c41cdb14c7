import type { ClockGuard } from './clock-guard.js';
import type { CallOptions } from './object-store.js';
import { StorageError } from './storage-error.js';

export interface WriteGateParts {
  readonly url: string;
  readonly readOnly: boolean;
  readonly clock: ClockGuard;
  /** Any request about a key whose answer has a date, or says what is wrong. */
  readonly ask: (key: string, o: CallOptions) => Promise<unknown>;
}

/** What every write passes first: a store that was opened to be read lets none through, nor does one whose clock is off. */
export class WriteGate {
  constructor(private readonly parts: WriteGateParts) {}

  /** @throws StorageError 'read-only', 'unavailable' while this machine's clock is off, or what asking throws */
  async pass(key: string, o: CallOptions): Promise<void> {
    const { url, readOnly, clock, ask } = this.parts;
    o.signal?.throwIfAborted();
    if (readOnly) throw new StorageError('read-only', `${url} was opened to be read only`, { key });
    if (clock.trusted) return;
    // Nothing was asked yet, or the clock may have been set right since. What is refused for the time it was signed at says so.
    await ask(key, o).catch((cause: unknown) => {
      clock.check(url);
      throw cause;
    });
    clock.check(url);
  }
}
