import { createHmac, timingSafeEqual } from 'node:crypto';
import { RegistryError, type Clock, type RepositoryName } from '@atoll/core';
import { randomId } from './random-id.js';

/** What signs and names this region's uploads; a part of its identity. */
export interface TokenIdentity {
  readonly region: string;
  /** The key of the signature, the same for every process of the region. */
  readonly uploadSecret: string;
}

export interface UploadToken {
  /** Random; names the upload's session. */
  readonly uploadId: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

const TOKEN = /^([0-9a-f]{32})\.([0-9]{1,12})\.([a-z0-9-]+)\.([A-Za-z0-9_-]{43})$/;

/**
 * Upload ids that need no storage: `<random>.<expiry, in seconds>.<region>.<mac>`, all of it safe in a URL. The signature binds an
 * id to its repository and its region, so that opening an upload costs no request to the store (docs/adr/0004-upload-commit.md).
 */
export class UploadTokens {
  constructor(
    private readonly identity: TokenIdentity,
    private readonly ttlSeconds: number,
    private readonly clock: Clock,
  ) {}

  issue(repository: RepositoryName): string {
    const uploadId = randomId();
    const expiry = String(Math.ceil(this.clock.now() / 1000) + this.ttlSeconds);
    const { region } = this.identity;
    return [uploadId, expiry, region, this.#sign(repository, uploadId, expiry, region)].join('.');
  }

  /** @throws RegistryError BLOB_UPLOAD_UNKNOWN, the same for every fault: a guesser learns nothing */
  read(repository: RepositoryName, token: string): UploadToken {
    const [, uploadId = '', expiry = '', region = '', mac = ''] = TOKEN.exec(token) ?? [];
    const genuine = sameText(mac, this.#sign(repository, uploadId, expiry, region));
    const expiresAt = Number(expiry) * 1000;
    if (!genuine || region !== this.identity.region || this.clock.now() >= expiresAt) throw uploadUnknown();
    return { uploadId, expiresAt };
  }

  #sign(repository: RepositoryName, uploadId: string, expiry: string, region: string): string {
    const claims = [region, repository, uploadId, expiry].join('\n');
    return createHmac('sha256', this.identity.uploadSecret).update(claims).digest('base64url');
  }
}

export function uploadUnknown(): RegistryError {
  return new RegistryError(
    'BLOB_UPLOAD_UNKNOWN',
    'there is no such upload here: it has ended or expired, start a new one',
  );
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
