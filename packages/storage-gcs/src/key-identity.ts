import { sign, type KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Wire, type ProxyNames } from '@atoll/storage';
import { z } from 'zod';
import { readJson, readText } from './answers.js';
import { failureOf } from './failure-of.js';
import { GcsFailure } from './gcs-failure.js';
import { HeldToken, lasting, type RenewalFailed, type Token } from './held-token.js';
import type { GcsIdentity } from './identity.js';

const SCOPE = 'https://www.googleapis.com/auth/devstorage.read_write';
const HOUR_SECONDS = 3_600;
/** Requests may wait for a token; who gives none for so long is asked again. */
const ANSWER_MS = 5_000;

/** What a service account's key file holds, of what is needed. */
export interface ServiceAccountKey {
  readonly account: string;
  readonly keyId?: string | undefined;
  readonly privateKey: KeyObject;
  readonly tokenUrl: string;
}

const Answer = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

/** A service account by its key: signs by itself, and trades signed assertions for tokens (RFC 7523). */
export class KeyIdentity implements GcsIdentity {
  readonly signs = true;
  readonly #tokens: HeldToken;
  readonly #wire: Wire;

  constructor(
    private readonly key: ServiceAccountKey,
    proxies: ProxyNames,
    renewalFailed?: RenewalFailed,
  ) {
    this.#tokens = new HeldToken(() => this.#ask(), renewalFailed);
    this.#wire = new Wire(key.tokenUrl, { proxies, tooLate: unavailable });
  }

  token(): Promise<string> {
    return this.#tokens.text();
  }

  renew(stale: string): void {
    this.#tokens.drop(stale);
  }

  sign(textFor: (account: string) => string): Promise<Buffer> {
    return Promise.resolve(this.#signature(textFor(this.key.account)));
  }

  async #ask(): Promise<Token> {
    const form = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: this.#assertion() };
    const body = Buffer.from(new URLSearchParams(form).toString());
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const request = { method: 'POST', path: new URL(this.key.tokenUrl).pathname, headers, body };
    try {
      return await this.#wire.ask(request, readToken, { limitMs: ANSWER_MS });
    } catch (cause) {
      if (cause instanceof GcsFailure && cause.code === 'TokenRefused') throw cause;
      throw failureOf(cause) === undefined ? cause : unavailable();
    }
  }

  #assertion(): string {
    const { account, keyId, tokenUrl } = this.key;
    const now = Math.floor(Date.now() / 1000);
    const header = { alg: 'RS256', typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) };
    const claims = { iss: account, scope: SCOPE, aud: tokenUrl, iat: now, exp: now + HOUR_SECONDS };
    const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${text}.${this.#signature(text).toString('base64url')}`;
  }

  #signature(text: string): Buffer {
    return sign('RSA-SHA256', Buffer.from(text), this.key.privateKey);
  }
}

async function readToken(answer: IncomingMessage): Promise<Token> {
  const { statusCode: status = 0 } = answer;
  if (status >= 400 && status < 500 && status !== 429) {
    await readText(answer);
    throw new GcsFailure('answered', 'TokenRefused', { status });
  }
  const { access_token: text, expires_in: seconds } = await readJson(Answer)(answer);
  return lasting(text, seconds * 1000);
}

function unavailable(): GcsFailure {
  return new GcsFailure('answered', 'TokenUnavailable');
}
