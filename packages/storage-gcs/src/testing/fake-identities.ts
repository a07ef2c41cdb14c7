import { createVerify, generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Answer, Asked } from '@atoll/storage/faulty-server';
import { FakeError, lacking } from './fake-error.js';
import { asJson } from './fake-wording.js';

export const FAKE_ACCOUNT = 'registry@test.iam.gserviceaccount.com';

/** What a pod of another cloud says it is. */
export const POD_TOKEN = 'token-of-a-pod';

const GRANT = 'urn:ietf:params:oauth:grant-type:';
const MOST_LIFE_SECONDS = 3_600;
const MOST_SKEW_SECONDS = 300;
const Claims = z.object({ iss: z.string(), aud: z.string(), scope: z.string(), iat: z.number(), exp: z.number() });

/** The one service account, its key, and the tokens that it was given: by its key, or as the account of the machine. */
export class FakeIdentities {
  /** Whether the account may have texts signed for it. */
  maySign = true;
  /** Of the tokens that are given from now on. */
  lifeSeconds = MOST_LIFE_SECONDS;
  readonly #pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  #tokens = new Set<string>();

  constructor(private readonly now: () => number) {}

  get publicKey(): KeyObject {
    return this.#pair.publicKey;
  }

  /** What a key file holds that leads to this server. */
  keyFile(endpoint: string): string {
    return JSON.stringify({
      type: 'service_account',
      client_email: FAKE_ACCOUNT,
      private_key_id: 'key-1',
      private_key: this.#pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      token_uri: `${endpoint}/token`,
    });
  }

  /** Every token that was given is worth nothing from now on. */
  revoke(): void {
    this.#tokens = new Set();
  }

  /** @throws FakeError 401 */
  check({ authorization = '' }: Asked['headers']): void {
    const [, token] = /^Bearer (\S+)$/.exec(authorization) ?? [];
    if (token === undefined) throw new FakeError(401, 'AuthenticationRequired', 'Anonymous caller', 'required');
    if (!this.#tokens.has(token)) throw new FakeError(401, 'AuthenticationRequired', 'Invalid Credentials');
  }

  /** Trades an assertion that the account's key has signed (RFC 7523), or another cloud's token for the account (RFC 8693). */
  trade({ body }: Asked): Answer {
    const form = new URLSearchParams(body.toString());
    const grant = form.get('grant_type');
    const known =
      (grant === `${GRANT}jwt-bearer` && this.#holds(form.get('assertion') ?? '')) ||
      (grant === `${GRANT}token-exchange` && form.get('subject_token') === POD_TOKEN);
    return known ? this.#give() : asJson(400, { error: 'invalid_grant' });
  }

  /** What a machine of Google's, or a pod with workload identity, is told. */
  tellMachine({ path, headers }: Asked): Answer {
    if (headers['metadata-flavor'] !== 'Google') return asJson(403, {});
    if (path.endsWith('/token')) return this.#give();
    if (path.endsWith('/email')) return { ...asJson(200, {}, MACHINE), body: Buffer.from(FAKE_ACCOUNT) };
    if (path.endsWith('/universe-domain') || path.endsWith('/universe_domain')) {
      return { ...asJson(200, {}, MACHINE), body: Buffer.from('googleapis.com') };
    }
    return asJson(200, {}, MACHINE);
  }

  /** IAM's signBlob. */
  signBlob({ body }: Asked): Answer {
    if (!this.maySign) throw lacking('iam.serviceAccounts.signBlob');
    const { payload } = z.object({ payload: z.string() }).parse(JSON.parse(body.toString()));
    const signature = sign('RSA-SHA256', Buffer.from(payload, 'base64'), this.#pair.privateKey);
    return asJson(200, { keyId: 'key-1', signedBlob: signature.toString('base64') });
  }

  #give(): Answer {
    const token = `ya29.${randomUUID()}`;
    this.#tokens.add(token);
    const kind = { token_type: 'Bearer', issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' };
    return asJson(200, { access_token: token, expires_in: this.lifeSeconds, ...kind }, MACHINE);
  }

  #holds(assertion: string): boolean {
    const [header = '', claims = '', signature = ''] = assertion.split('.');
    const verified = createVerify('RSA-SHA256')
      .update(`${header}.${claims}`)
      .verify(this.#pair.publicKey, signature, 'base64url');
    if (!verified) return false;
    const { iss, aud, iat, exp } = Claims.parse(JSON.parse(Buffer.from(claims, 'base64url').toString()));
    const now = this.now() / 1000;
    const inTime = Math.abs(iat - now) < MOST_SKEW_SECONDS && exp > now && exp - iat <= MOST_LIFE_SECONDS;
    return iss === FAKE_ACCOUNT && aud.endsWith('/token') && inTime;
  }
}

const MACHINE = { 'Metadata-Flavor': 'Google' };
