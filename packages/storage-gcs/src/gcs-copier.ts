import type { CallOptions, Version } from '@atoll/storage';
import { z } from 'zod';
import { readJson } from './answers.js';
import type { GcsCalls } from './gcs-calls.js';
import { GcsFailure, toStorageError } from './gcs-failure.js';
import type { Place } from './place.js';

/** Between places or classes of storage, one request moves this much: it is answered in time, and can be asked again. */
const BYTES_PER_REQUEST = 256 * 1_048_576;

const Progress = z.object({ done: z.boolean(), rewriteToken: z.string().optional() });

/** What this bucket's identity may not read, or what is gone, the caller streams, and so finds out. */
const CANNOT = new Set([401, 403, 404, 412]);

/** An object as it was seen in another bucket. */
export interface CopySource {
  readonly place: Place;
  readonly key: string;
  readonly version: Version;
}

/** Copies that the service makes by itself. */
export class GcsCopier {
  constructor(
    private readonly calls: GcsCalls,
    private readonly place: Place,
  ) {}

  /** Asks until all is copied; nothing is to be seen before. `false` when it cannot be. @throws StorageError */
  async copy(source: CopySource, key: string, o: CallOptions): Promise<boolean> {
    let token: string | undefined;
    try {
      do {
        const progress = await this.#ask(source, key, token, o);
        if (progress.done) return true;
        token = progress.rewriteToken;
      } while (token !== undefined);
    } catch (cause) {
      if (cause instanceof GcsFailure && CANNOT.has(cause.status)) return false;
      throw toStorageError(cause, this.place.url, key);
    }
    throw toStorageError(new GcsFailure('lost', 'IncompleteAnswer'), this.place.url, key);
  }

  #ask(source: CopySource, key: string, rewriteToken: string | undefined, { signal }: CallOptions) {
    const path = this.place.rewrite(source.place, source.key, key, {
      ifSourceGenerationMatch: source.version,
      maxBytesRewrittenPerCall: BYTES_PER_REQUEST,
      rewriteToken,
      fields: 'done,rewriteToken',
    });
    const headers = { 'content-type': 'application/json' };
    const request = { method: 'POST', path, headers, body: Buffer.from('{}') };
    return this.calls.send(request, readJson(Progress), { signal, workBytes: BYTES_PER_REQUEST });
  }
}
