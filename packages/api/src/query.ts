import { RegistryError, type RegistryCode } from '@atoll/core';

/** Two answers to one question: no proxy, log and registry would agree on which of them counts. */
const SINGLE: Readonly<Record<string, RegistryCode>> = {
  digest: 'DIGEST_INVALID',
  mount: 'DIGEST_INVALID',
  'digest-algorithm': 'DIGEST_INVALID',
  from: 'NAME_INVALID',
  n: 'PAGINATION_NUMBER_INVALID',
  last: 'PAGINATION_NUMBER_INVALID',
};

const NOTHING: Query = new URLSearchParams();

export type Query = Pick<URLSearchParams, 'get' | 'getAll' | 'has'>;

/**
 * Parameters a route does not know are left alone: clients reuse upload URLs, and mirrors add `ns`.
 * @throws RegistryError when a parameter that can have one value only is there twice
 */
export function parseQuery(text: string): Query {
  if (text === '') return NOTHING;
  const query = new URLSearchParams(text);
  if (query.size < 2) return query;
  for (const [name, code] of Object.entries(SINGLE)) {
    if (query.getAll(name).length > 1) throw new RegistryError(code, `the parameter ${name} may be given once only`);
  }
  return query;
}
