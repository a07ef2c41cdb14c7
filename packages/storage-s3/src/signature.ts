import type { S3Client } from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';

/** What a signature is for, beside the key that makes it. */
export interface Scope {
  readonly region: string;
  readonly service: string;
}

export interface Unsigned {
  readonly method: string;
  /** As it is sent, each segment encoded. */
  readonly path: string;
  /** Not encoded. */
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case, the host among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** The SDK's signatures, version 4, in headers, with the hash of the body. */
export class Signature {
  readonly #signer: SignatureV4;

  /** `config`: where credentials come from, and the SDK's hash. */
  constructor({ credentials, sha256 }: Pick<S3Client['config'], 'credentials' | 'sha256'>, scope: Scope) {
    this.#signer = new SignatureV4({ ...scope, credentials, sha256, uriEscapePath: false });
  }

  /** The headers to send. @throws what the SDK does where it finds no credentials */
  async sign({ query, headers, ...request }: Unsigned, now: number): Promise<Record<string, string>> {
    const toSign = { ...request, query: { ...query }, headers: { ...headers }, protocol: '', hostname: '' };
    const signed = await this.#signer.sign(toSign, { signingDate: new Date(now) });
    return signed.headers;
  }
}
