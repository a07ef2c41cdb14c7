import { StorageError, type CallOptions, type ClockGuard } from '@atoll/storage';
import type { S3Reader } from './s3-reader.js';

/** What every write passes first: a store that was opened to be read lets none through, nor does one whose clock is off. */
export class WriteGate {
  constructor(
    private readonly url: string,
    private readonly readOnly: boolean,
    private readonly clock: ClockGuard,
    private readonly reader: S3Reader,
  ) {}

  /** @throws StorageError 'read-only', or 'unavailable' while this machine's clock is off */
  async pass(key: string, o: CallOptions): Promise<void> {
    o.signal?.throwIfAborted();
    if (this.readOnly) throw new StorageError('read-only', `${this.url} was opened to be read only`, { key });
    if (this.clock.trusted) return;
    // Nothing was asked yet, or the clock may have been set right since. Not by a HEAD, whose answer says nothing of what is wrong.
    await this.reader.get(key, o).catch((cause: unknown) => {
      this.clock.check(this.url);
      throw cause;
    });
    this.clock.check(this.url);
  }
}
