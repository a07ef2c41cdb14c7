import { RegistryError } from '@atoll/core';
import type { Query } from './query.js';

/** A page of names: those that sort after `after`, `limit` of them. */
export interface PageRequest {
  readonly after: string | undefined;
  readonly limit: number;
}

const NUMBER = /^[0-9]+$/;

/**
 * A larger `n` than the server's is no fault: the page is shorter and has a `Link`; distribution-spec, Listing Tags.
 * @throws RegistryError PAGINATION_NUMBER_INVALID
 */
export function parsePage(query: Query, maxNames: number): PageRequest {
  const n = query.get('n');
  if (n !== null && !NUMBER.test(n)) {
    throw new RegistryError('PAGINATION_NUMBER_INVALID', 'n is a number of names, 0 or more');
  }
  return { after: query.get('last') || undefined, limit: Math.min(n === null ? maxNames : Number(n), maxNames) };
}

/** RFC 8288; path-absolute, so that it leads back through whatever proxy the request came by. */
export function linkToNext(path: string, query: URLSearchParams): string {
  return `<${path}?${query.toString()}>; rel="next"`;
}
