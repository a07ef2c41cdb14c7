import { isNativeError } from 'node:util/types';
import { inTime } from '@atoll/storage';
import type { GoogleAuth } from 'google-auth-library';
import { GcsFailure } from './gcs-failure.js';
import { HeldToken, lasting, type RenewalFailed, type Token } from './held-token.js';
import type { GcsIdentity } from './identity.js';

/** Of the identity itself, which its signatures need too: what it may do is for its roles to say. */
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** The library renews tokens by itself, and is asked again after this. */
const ASKED_EVERY_MS = 30_000;
/** Of a token whose end is not told; a server that refuses it is believed. */
const UNTOLD_MS = 2 * ASKED_EVERY_MS;
/** It has no limit of its own, and tries again by itself. */
const ANSWER_MS = 10_000;

/**
 * What the environment or the machine gives, by Google's own library: workload identity of GKE and of other clouds, the service account
 * of a machine, a developer's login.
 */
export class ChainIdentity implements GcsIdentity {
  readonly signs = true;
  #auth: Promise<GoogleAuth> | undefined;
  readonly #tokens: HeldToken;

  /** `signingEndpoint` stands for `https://iamcredentials.googleapis.com`. */
  constructor(
    private readonly signingEndpoint?: string,
    renewalFailed?: RenewalFailed,
  ) {
    this.#tokens = new HeldToken(() => this.#asked(), renewalFailed);
  }

  token(): Promise<string> {
    return this.#tokens.text();
  }

  /** The library keeps what it has as long as it says of itself that it is good, so another one is asked. */
  renew(stale: string): void {
    if (this.#tokens.drop(stale)) this.#auth = undefined;
  }

  async sign(textFor: (account: string) => string): Promise<Buffer | undefined> {
    const auth = await asked(() => this.#load());
    const { client_email: account } = await asked(() => auth.getCredentials()).catch(() => ({
      client_email: undefined,
    }));
    if (account === undefined) return undefined;
    const endpoint = this.signingEndpoint && `${this.signingEndpoint}/v1/projects/-/serviceAccounts/`;
    try {
      return Buffer.from(await asked(() => auth.sign(textFor(account), endpoint)), 'base64');
    } catch (cause) {
      if (cause instanceof GcsFailure && cause.code === 'TokenRefused') return undefined;
      throw cause;
    }
  }

  /** A library that has not answered in time is let go with what it waits for. */
  async #asked(): Promise<Token> {
    try {
      return await asked(() => this.#ask());
    } catch (cause) {
      if (cause instanceof GcsFailure && cause.code === 'TokenUnavailable') this.#auth = undefined;
      throw cause;
    }
  }

  async #ask(): Promise<Token> {
    const client = await (await this.#load()).getClient();
    const { token } = await client.getAccessToken();
    if (typeof token !== 'string' || token === '') throw new GcsFailure('answered', 'TokenUnavailable');
    const { expiry_date: end } = client.credentials;
    const held = lasting(token, typeof end === 'number' ? end - Date.now() : UNTOLD_MS);
    return { ...held, renewAt: Math.min(held.renewAt, Date.now() + ASKED_EVERY_MS) };
  }

  /** It takes a while to load, which who has a key should not wait for. */
  #load(): Promise<GoogleAuth> {
    return (this.#auth ??= import('google-auth-library').then(({ GoogleAuth: Auth }) => new Auth({ scopes: SCOPE })));
  }
}

/** What the library says may hold tokens, so none of it is passed on. @throws GcsFailure */
async function asked<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await inTime(question, 'where tokens come from', { limitMs: ANSWER_MS });
  } catch (cause) {
    if (cause instanceof GcsFailure) throw cause;
    if (isNativeError(cause) && /default credentials/i.test(cause.message)) {
      throw new GcsFailure('answered', 'NoCredentials');
    }
    const status = statusOf(cause);
    const refused = status !== undefined && status >= 400 && status < 500 && status !== 429;
    throw new GcsFailure('answered', refused ? 'TokenRefused' : 'TokenUnavailable', {
      ...(status !== undefined && { status }),
    });
  }
}

function statusOf(cause: unknown): number | undefined {
  return isNativeError(cause) && 'status' in cause && typeof cause.status === 'number' ? cause.status : undefined;
}
