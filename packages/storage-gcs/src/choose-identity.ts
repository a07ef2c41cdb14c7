import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { StorageError, type ProxyNames } from '@atoll/storage';
import { z } from 'zod';
import { ChainIdentity } from './chain-identity.js';
import { GcsFailure } from './gcs-failure.js';
import type { GcsLocation } from './gcs-location.js';
import type { RenewalFailed } from './held-token.js';
import { ANONYMOUS, type GcsIdentity } from './identity.js';
import { KeyIdentity, type ServiceAccountKey } from './key-identity.js';

/** The file that GOOGLE_APPLICATION_CREDENTIALS names, or an identity that is at hand. */
export type GcsCredentials = { readonly file: string } | GcsIdentity;

export interface IdentityOptions {
  readonly location: GcsLocation;
  readonly credentials?: GcsCredentials | undefined;
  readonly proxies: ProxyNames;
  readonly signingEndpoint?: string | undefined;
  readonly renewalFailed?: RenewalFailed | undefined;
}

const TOKEN_URL = 'https://oauth2.googleapis.com/token';

const KeyFile = z.object({
  type: z.literal('service_account'),
  client_email: z.string().min(1),
  private_key_id: z.string().optional(),
  private_key: z.string().min(1),
  token_uri: z.url({ protocol: /^https?$/ }).default(TOKEN_URL),
});

/**
 * A server that is spoken to without encryption gets a token only where credentials were given and it is on this machine; without any it
 * is an emulator. @throws StorageError 'denied'
 */
export function chooseIdentity(options: IdentityOptions): GcsIdentity {
  const { location, credentials } = options;
  const { protocol, hostname } = new URL(location.endpoint);
  if (protocol === 'http:') {
    if (credentials === undefined) return ANONYMOUS;
    if (credentials !== ANONYMOUS && !/^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) {
      throw new StorageError('denied', `${location.endpoint}: an identity's token is sent over https only`);
    }
  }
  if (credentials === undefined) return new ChainIdentity(options.signingEndpoint, options.renewalFailed);
  if (!('file' in credentials)) return credentials;
  return new FileIdentity(credentials.file, options);
}

/** What a file holds is looked at when it is first needed: a key, or what Google's own library knows about. */
class FileIdentity implements GcsIdentity {
  readonly signs = true;
  #chosen: Promise<GcsIdentity> | undefined;

  constructor(
    private readonly file: string,
    private readonly options: IdentityOptions,
  ) {}

  /** The file may have another key by the time that its key is refused. */
  async token(): Promise<string | undefined> {
    const chosen = await this.#choose();
    return chosen.token().catch((cause: unknown) => {
      this.#chosen = undefined;
      throw cause;
    });
  }

  renew(stale: string): void {
    this.#chosen?.then(
      (chosen) => chosen.renew(stale),
      () => undefined,
    );
  }

  async sign(textFor: (account: string) => string): Promise<Buffer | undefined> {
    return (await this.#choose()).sign(textFor);
  }

  #choose(): Promise<GcsIdentity> {
    const { proxies, signingEndpoint, renewalFailed } = this.options;
    this.#chosen ??= readKey(this.file).then((key) =>
      key === undefined
        ? new ChainIdentity(signingEndpoint, renewalFailed)
        : new KeyIdentity(key, proxies, renewalFailed),
    );
    this.#chosen.catch(() => {
      this.#chosen = undefined;
    });
    return this.#chosen;
  }
}

/** `undefined` for a file of another kind. @throws GcsFailure; what a file holds is told nobody */
async function readKey(file: string): Promise<ServiceAccountKey | undefined> {
  try {
    const content: unknown = JSON.parse(await readFile(file, 'utf8'));
    const { type } = z.object({ type: z.string() }).parse(content);
    if (type !== 'service_account') return undefined;
    const { client_email, private_key_id, private_key, token_uri } = KeyFile.parse(content);
    const privateKey = createPrivateKey(private_key);
    return { account: client_email, keyId: private_key_id, privateKey, tokenUrl: token_uri };
  } catch {
    throw new GcsFailure('answered', 'UnusableKeyFile');
  }
}
