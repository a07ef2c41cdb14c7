import { createHash } from 'node:crypto';
import type { Clock } from '@atoll/core';
import { toStorageError } from './gcs-failure.js';
import type { GcsIdentity } from './identity.js';
import { encodeStrictly, type Place } from './place.js';

/** Cloud Storage, "V4 signing process": the longest that a signature holds. */
const MOST_SECONDS = 604_800;

/** URLs that let their holder read one object. They belong into no log. */
export class UrlSigner {
  readonly #origin: URL;

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
    const { place, identity, clock } = this.parts;
    const path = place.bytes(key);
    const time = new Date(clock.now()).toISOString().replace(/[:-]|\.\d+/g, '');
    const scope = `${time.slice(0, 8)}/auto/storage/goog4_request`;
    let query = '';
    const signed = await identity
      .sign((account) => {
        query = asQuery({
          'X-Goog-Algorithm': 'GOOG4-RSA-SHA256',
          'X-Goog-Credential': `${account}/${scope}`,
          'X-Goog-Date': time,
          'X-Goog-Expires': String(Math.min(ttlSeconds, MOST_SECONDS)),
          'X-Goog-SignedHeaders': 'host',
          'response-content-type': contentType,
        });
        return ['GOOG4-RSA-SHA256', time, scope, sha256(this.#canonical(path, query))].join('\n');
      })
      .catch((cause: unknown) => {
        throw toStorageError(cause, place.url, key);
      });
    return signed && `${this.#origin.origin}${path}?${query}&X-Goog-Signature=${signed.toString('hex')}`;
  }

  #canonical(path: string, query: string): string {
    return ['GET', path, query, `host:${this.#origin.host}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n');
  }
}

/** In the order of their names, as signatures are made over them. */
function asQuery(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}=${encodeStrictly(value)}`)
    .join('&');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
