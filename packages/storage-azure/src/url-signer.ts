import type { Clock } from '@atoll/core';
import type { CallOptions } from '@atoll/storage';
import { BlobSASPermissions, SASProtocol, type HttpAuthorization } from '@azure/storage-blob';
import type { AzureCalls } from './azure-calls.js';
import type { AzureService } from './create-service.js';
import { DelegatedKeys } from './delegated-keys.js';
import { toStorageError } from './failure-meaning.js';
import { failureOf } from './failure-of.js';
import type { Place } from './place.js';

/** Longer than any one request to copy some of a blob may take. */
const COPY_SECONDS = 3_600;

export interface UrlSignerParts {
  readonly calls: AzureCalls;
  readonly place: Place;
  readonly service: AzureService;
  readonly clock: Clock;
}

/** How the service itself may read a blob, to copy it elsewhere. Belongs into no log. */
export interface CopySource {
  readonly url: string;
  readonly sourceAuthorization?: HttpAuthorization;
}

/** URLs that let their holder read one blob. They belong into no log. */
export class UrlSigner {
  readonly #keys: DelegatedKeys | undefined;

  constructor(private readonly parts: UrlSignerParts) {
    const { service } = parts;
    if (service.signs !== 'identity') return;
    this.#keys = new DelegatedKeys({
      ...parts,
      ask: (from, until, o) => service.client.getUserDelegationKey(from, until, o),
    });
  }

  /** `undefined` where the identity may not sign. */
  async sign(
    key: string,
    { ttlSeconds, contentType, signal }: CallOptions & { readonly ttlSeconds: number; readonly contentType?: string },
  ): Promise<string | undefined> {
    const { calls, place, service, clock } = this.parts;
    const blob = place.blob(key);
    // By the server's clock, as far as it is known: a URL must not end earlier for a clock that is behind.
    const expiresAt = clock.now() - calls.clock.skewMs + ttlSeconds * 1000;
    const options = {
      permissions: BlobSASPermissions.from({ read: true }),
      expiresOn: new Date(expiresAt),
      ...(contentType !== undefined && { contentType }),
      ...(blob.url.startsWith('https:') && { protocol: SASProtocol.Https }),
    };
    if (service.signs === 'key') return blob.generateSasUrl(options);
    const delegated = await this.#keys?.until(expiresAt, { signal });
    return delegated && blob.generateUserDelegationSasUrl(options, delegated);
  }

  /** By a signed URL, or by this process's own token where it may sign none. @throws StorageError */
  async copySource(key: string, { signal }: CallOptions): Promise<CopySource> {
    const { place, service } = this.parts;
    const signed = await this.sign(key, { ttlSeconds: COPY_SECONDS, signal });
    if (signed !== undefined) return { url: signed };
    // The URL of a container that was opened with a signature holds it.
    const { url } = place.blob(key);
    if (service.signs !== 'identity') return { url };
    try {
      return { url, sourceAuthorization: { scheme: 'Bearer', value: await service.token() } };
    } catch (cause) {
      throw toStorageError(failureOf(cause) ?? cause, place.url);
    }
  }
}
