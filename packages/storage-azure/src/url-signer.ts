import type { Clock } from '@atoll/core';
import { BlobSASPermissions, SASProtocol, type UserDelegationKey } from '@azure/storage-blob';
import type { AzureCalls } from './azure-calls.js';
import { AzureFailure, toStorageError } from './azure-failure.js';
import type { AzureService } from './create-service.js';
import type { Place } from './place.js';

const HOUR_MS = 3_600_000;
/** An identity's key to sign with lives a week at most. */
const KEY_HOURS = 24;
/** Clocks of this machine and the server may differ. */
const SKEW_MS = 300_000;

interface DelegatedKey {
  readonly key: UserDelegationKey;
  readonly expiresAt: number;
}

/** URLs that let their holder read one blob. They belong into no log. */
export class UrlSigner {
  #delegated: Promise<DelegatedKey | undefined> | undefined;

  constructor(
    private readonly parts: {
      readonly calls: AzureCalls;
      readonly place: Place;
      readonly service: AzureService;
      readonly clock: Clock;
    },
  ) {}

  /** `undefined` where the identity may not sign. */
  async sign(key: string, { ttlSeconds, contentType }: { ttlSeconds: number; contentType: string }) {
    const { place, service, clock } = this.parts;
    const blob = place.blob(key);
    const expiresAt = clock.now() + ttlSeconds * 1000;
    const options = {
      permissions: BlobSASPermissions.from({ read: true }),
      expiresOn: new Date(expiresAt),
      contentType,
      ...(blob.url.startsWith('https:') && { protocol: SASProtocol.Https }),
    };
    if (service.signs === 'key') return blob.generateSasUrl(options);
    const delegated = service.signs === 'identity' ? await this.#keyUntil(expiresAt) : undefined;
    return delegated && blob.generateUserDelegationSasUrl(options, delegated.key);
  }

  /** One key for all URLs of a day; who may not have one is not asked for it again by every request. */
  async #keyUntil(expiresAt: number): Promise<DelegatedKey | undefined> {
    const current = await this.#delegated;
    if (this.#delegated !== undefined && (current === undefined || current.expiresAt >= expiresAt)) return current;
    const asked = this.#askForKey(Math.max(expiresAt, this.parts.clock.now() + KEY_HOURS * HOUR_MS));
    this.#delegated = asked;
    asked.catch(() => {
      if (this.#delegated === asked) this.#delegated = undefined;
    });
    return asked;
  }

  async #askForKey(expiresAt: number): Promise<DelegatedKey | undefined> {
    const { calls, place, service, clock } = this.parts;
    const from = new Date(clock.now() - SKEW_MS);
    try {
      const key = await calls.send((o) => service.client.getUserDelegationKey(from, new Date(expiresAt), o));
      return { key, expiresAt };
    } catch (cause) {
      if (cause instanceof AzureFailure && cause.status === 403) return undefined;
      throw toStorageError(cause, place.url);
    }
  }
}
