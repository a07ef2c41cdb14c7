const IMMUTABLE = 'max-age=31536000, immutable, no-transform';

/** What a cache may keep: content that its own digest names, for ever; what a tag names, only to ask again. */
export function cacheControl(byDigest: boolean, isPrivate: boolean): string {
  if (!byDigest) return 'no-cache, no-transform';
  return isPrivate ? `private, ${IMMUTABLE}` : IMMUTABLE;
}

export function etagOf(digest: string): string {
  return `"${digest}"`;
}

/** Whether the client has it already; RFC 9110, 13.1.2. Some clients leave out the quotes, which no digest needs. */
export function isKnown(ifNoneMatch: string | undefined, digest: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((item) => {
    const tag = item.trim().replace(/^W\//, '');
    return tag === '*' || tag === digest || tag === etagOf(digest);
  });
}
