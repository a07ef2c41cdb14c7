import { createHash } from 'node:crypto';
import type { Clock } from '@atoll/core';
import { encodeQuery } from '@atoll/storage';
import { LRUCache } from 'lru-cache';
import { toStorageError } from './gcs-failure.js';
import type { GcsIdentity } from './identity.js';
import type { Place } from './place.js';

/** Cloud Storage, "V4 signing process": the longest that a signature holds. */
const MOST_SECONDS = 604_800;
const MOST_URLS = 10_000;

interface SignedUrl {
  /** `undefined` where the identity may not sign. */
  readonly url: Promise<string | undefined>;
  readonly expiresAt: number;
}

/**
 * URLs that let their holder read one object. They belong into no log. A signature costs a millisecond of computing, or a request to
 * Google where no key is at hand, so each is made to hold twice as long as was asked, and given again in its first half.
 */
export class UrlSigner {
  readonly #origin: URL;
  readonly #signed = new LRUCache<string, SignedUrl>({ max: MOST_URLS });

  constructor(
    private readonly parts: {
      readonly endpoint: string;
      readonly place: Place;
      readonly identity: GcsIdentity;
      readonly clock: Clock;
    },
  ) {
    this.#origin = new URL(parts.endpoint);
  }

  /** `undefined` where the identity cannot or may not sign. @throws StorageError */
  async sign(
    key: string,
    { ttlSeconds, contentType }: { readonly ttlSeconds: number; readonly contentType: string },
  ): Promise<string | undefined> {
    const path = this.parts.place.bytes(key);
    const now = this.parts.clock.now();
    const name = `${contentType} ${path}`;
    const held = this.#signed.get(name);
    if (held !== undefined && held.expiresAt >= now + ttlSeconds * 1000) return held.url;
    const seconds = Math.min(2 * ttlSeconds, MOST_SECONDS);
    const made = { url: this.#make(path, contentType, { now, seconds }), expiresAt: now + seconds * 1000 };
    this.#signed.set(name, made);
    const url = await made.url.catch((cause: unknown) => {
      this.#forget(name, made);
      throw toStorageError(cause, this.parts.place.url, key);
    });
    if (url === undefined) this.#forget(name, made);
    return url;
  }

  async #make(
    path: string,
    contentType: string,
    { now, seconds }: { readonly now: number; readonly seconds: number },
  ): Promise<string | undefined> {
    const time = new Date(now).toISOString().replace(/[:-]|\.\d+/g, '');
    const scope = `${time.slice(0, 8)}/auto/storage/goog4_request`;
    let query = '';
    const signature = await this.parts.identity.sign((account) => {
      query = encodeQuery({
        'X-Goog-Algorithm': 'GOOG4-RSA-SHA256',
        'X-Goog-Credential': `${account}/${scope}`,
        'X-Goog-Date': time,
        'X-Goog-Expires': String(seconds),
        'X-Goog-SignedHeaders': 'host',
        'response-content-type': contentType,
      });
      return ['GOOG4-RSA-SHA256', time, scope, sha256(this.#canonical(path, query))].join('\n');
    });
    return signature && `${this.#origin.origin}${path}?${query}&X-Goog-Signature=${signature.toString('hex')}`;
  }

  #canonical(path: string, query: string): string {
    return ['GET', path, query, `host:${this.#origin.host}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n');
  }

  #forget(name: string, made: SignedUrl): void {
    if (this.#signed.peek(name) === made) this.#signed.delete(name);
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
