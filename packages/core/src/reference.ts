import { parseDigest, type Digest } from './digest.js';
import { RegistryError } from './registry-error.js';

declare const tagBrand: unique symbol;

/** A tag's name, 1 to 128 characters; made only by {@link parseTag}. */
export type Tag = string & { readonly [tagBrand]: true };

/** What a manifest is asked for by. A tag never contains `:`, a digest always does. */
export type Reference = { readonly tag: Tag } | { readonly digest: Digest };

const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

export function isTag(text: string): text is Tag {
  return TAG.test(text);
}

/** @throws RegistryError TAG_INVALID (distribution-spec, Pulling manifests) */
export function parseTag(text: string): Tag {
  if (isTag(text)) return text;
  throw new RegistryError(
    'TAG_INVALID',
    'a tag is 1 to 128 letters, digits, _ . or -, and does not begin with . or -',
    {
      detail: { tag: text.slice(0, 200) },
    },
  );
}

/** @throws RegistryError TAG_INVALID, or DIGEST_INVALID when the text contains a colon */
export function parseReference(text: string): Reference {
  return text.includes(':') ? { digest: parseDigest(text) } : { tag: parseTag(text) };
}
