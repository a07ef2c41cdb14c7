import { RegistryError } from './registry-error.js';

declare const nameBrand: unique symbol;

/** A repository's name, `/` between its components; made only by {@link parseRepositoryName}. */
export type RepositoryName = string & { readonly [nameBrand]: true };

/** Clients allow 255 with the host in front. A storage key's segment may hold a name and one character more, and file systems allow it 255. */
export const MAX_NAME_BYTES = 253;

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const PATTERN = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);

export function isRepositoryName(text: string): text is RepositoryName {
  return text.length <= MAX_NAME_BYTES && PATTERN.test(text);
}

/** @throws RegistryError NAME_INVALID (distribution-spec, Pulling manifests) */
export function parseRepositoryName(text: string): RepositoryName {
  if (isRepositoryName(text)) return text;
  throw new RegistryError(
    'NAME_INVALID',
    text.length > MAX_NAME_BYTES
      ? `a repository name has at most ${MAX_NAME_BYTES} bytes, this one has ${text.length}`
      : 'a repository name is lower-case letters and digits, with single . or _ or __ or dashes between them and / between components',
    { detail: { name: text.slice(0, 300) } },
  );
}
