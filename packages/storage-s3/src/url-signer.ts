import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Clock } from '@atoll/core';
import type { S3Credentials } from './create-client.js';
import type { Place } from './place.js';

/** Who brings credentials that live shorter than URLs ought to is not asked for others by every request. */
const RENEW_PAUSE_MS = 60_000;
/** A URL that a client can hardly use any more is not given out. */
const LEAST_TTL_SECONDS = 60;
/** Signature version 4 allows no more. */
const MOST_TTL_SECONDS = 7 * 86_400;

/** URLs that let their holder read one object. They belong into no log. */
export class UrlSigner {
  #renewedAt = -Infinity;

  constructor(
    private readonly client: S3Client,
    private readonly place: Place,
    private readonly clock: Clock,
  ) {}

  /**
   * A URL dies with the temporary credentials that signed it, so it is signed for no longer than they live; `undefined` where that is
   * next to nothing.
   */
  async sign(key: string, o: { ttlSeconds: number; contentType: string }): Promise<string | undefined> {
    const wantedSeconds = Math.min(o.ttlSeconds, MOST_TTL_SECONDS);
    const { expiration } = await this.#credentialsFor(wantedSeconds);
    const expiresIn = Math.min(wantedSeconds, this.#secondsUntil(expiration));
    if (expiresIn < Math.min(LEAST_TTL_SECONDS, wantedSeconds)) return undefined;
    const command = new GetObjectCommand({ ...this.place.of(key), ResponseContentType: o.contentType });
    return getSignedUrl(this.client, command, { expiresIn });
  }

  async #credentialsFor(ttlSeconds: number): Promise<S3Credentials> {
    const { credentials } = this.client.config;
    const known = await credentials();
    const now = this.clock.now();
    if (this.#secondsUntil(known.expiration) >= ttlSeconds || now < this.#renewedAt + RENEW_PAUSE_MS) return known;
    this.#renewedAt = now;
    return credentials({ forceRefresh: true }).catch(() => known);
  }

  #secondsUntil(expiration: Date | undefined): number {
    return expiration === undefined ? Infinity : Math.floor((expiration.getTime() - this.clock.now()) / 1000);
  }
}
