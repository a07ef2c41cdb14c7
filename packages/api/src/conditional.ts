import type { IncomingHttpHeaders } from 'node:http';
import type { Precondition } from '@atoll/registry';

const IMMUTABLE = 'max-age=31536000, immutable, no-transform';
const WEAK = /(^|,)\s*W\//g;

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
  return ifNoneMatch !== undefined && namesDigest(ifNoneMatch.replaceAll(WEAK, '$1'), digest);
}

/**
 * What a request that changes a name wants it to stand for; RFC 9110, 13.1.1 and 13.1.2. With both headers both must hold. A weak tag
 * never matches in `If-Match`.
 */
export function preconditionOf({
  'if-match': match,
  'if-none-match': noneMatch,
}: IncomingHttpHeaders): Precondition | undefined {
  if (match === undefined && noneMatch === undefined) return undefined;
  return (digest) => {
    if (digest === undefined) return match === undefined;
    return (match === undefined || namesDigest(match, digest)) && !isKnown(noneMatch, digest);
  };
}

function namesDigest(list: string, digest: string): boolean {
  return list.split(',').some((item) => {
    const tag = item.trim();
    return tag === '*' || tag === digest || tag === etagOf(digest);
  });
}
