import { hash } from 'node:crypto';
import { RegistryError } from './registry-error.js';

declare const digestBrand: unique symbol;

/** `<algorithm>:<lower-case hex>`, made only by {@link parseDigest} and {@link digestOf}. */
export type Digest = string & { readonly [digestBrand]: true };

export type DigestAlgorithm = 'sha256' | 'sha512';

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isDigestAlgorithm(text: string): text is DigestAlgorithm {
  return text === 'sha256' || text === 'sha512';
}

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/**
 * Algorithms outside the allow-list, upper-case hex and a wrong length are refused.
 * @throws RegistryError DIGEST_INVALID (image-spec, Descriptors, Digests)
 */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new RegistryError(
    'DIGEST_INVALID',
    'a digest is sha256:<64 lower-case hex digits> or sha512:<128 lower-case hex digits>',
    { detail: { digest: text.slice(0, 200) } },
  );
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha256:') ? 'sha256' : 'sha512';
}

export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${hash(algorithm, bytes, 'hex')}` as Digest;
}

/** A digest from a hash finished elsewhere. @throws RegistryError DIGEST_INVALID when `hex` does not fit the algorithm */
export function digestFromHex(algorithm: DigestAlgorithm, hex: string): Digest {
  return parseDigest(`${algorithm}:${hex}`);
}
