import { parseRepositoryName, RegistryError, type RepositoryName } from '@atoll/core';
import { originForm } from './origin-form.js';

/** What a request is about; distribution-spec, Endpoints. References, digests and upload ids are as yet unchecked text without `/`. */
export type Route =
  | { readonly kind: 'ping' }
  | { readonly kind: 'health' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'tags'; readonly name: RepositoryName }
  | { readonly kind: 'manifest'; readonly name: RepositoryName; readonly reference: string }
  | { readonly kind: 'blob'; readonly name: RepositoryName; readonly digest: string }
  | { readonly kind: 'uploads'; readonly name: RepositoryName }
  | { readonly kind: 'upload'; readonly name: RepositoryName; readonly id: string }
  | { readonly kind: 'referrers'; readonly name: RepositoryName; readonly digest: string };

export type Method = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

export interface Match {
  readonly route: Route;
  readonly method: Method;
  /** What follows the `?`, undecoded. */
  readonly query: string;
}

const METHODS: Record<Route['kind'], readonly Method[]> = {
  ping: ['GET', 'HEAD'],
  health: ['GET', 'HEAD'],
  ready: ['GET', 'HEAD'],
  catalog: ['GET', 'HEAD'],
  tags: ['GET', 'HEAD'],
  manifest: ['GET', 'HEAD', 'PUT', 'DELETE'],
  blob: ['GET', 'HEAD', 'DELETE'],
  uploads: ['POST'],
  upload: ['GET', 'HEAD', 'PATCH', 'PUT', 'DELETE'],
  referrers: ['GET', 'HEAD'],
};

const FIXED: Readonly<Record<string, Route>> = {
  '/v2/': { kind: 'ping' },
  '/v2': { kind: 'ping' },
  '/v2/_catalog': { kind: 'catalog' },
  '/healthz': { kind: 'health' },
  '/readyz': { kind: 'ready' },
};

const LONGEST_FIXED = Math.max(...Object.keys(FIXED).map((path) => path.length));
const PREFIX = '/v2/';

/**
 * Works on the URL as it came over the wire: nothing is decoded, so nothing can hide behind an escape. Repositories may be named like
 * the protocol's own words (`a/blobs/uploads`, `manifests`), so the last keyword from the right decides.
 * @throws RegistryError NAME_INVALID; UNSUPPORTED with 404 where there is no such route, with 405 and `Allow` for another method
 */
export function matchRoute(rawUrl: string, method: string): Match {
  const { route, query } = matchUrl(rawUrl);
  return { route, method: allowed(route, method), query };
}

/**
 * The methods a resource answers, `OPTIONS` among them: RFC 9110, 9.3.7. GitLab asks so whether it may delete a tag by its name.
 * @throws RegistryError as `matchRoute` does
 */
export function methodsAt(rawUrl: string): readonly string[] {
  return [...METHODS[matchUrl(rawUrl).route.kind], 'OPTIONS'];
}

function matchUrl(rawUrl: string): Omit<Match, 'method'> {
  const url = originForm(rawUrl);
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  // Looking a long path up costs more than finding out what it is.
  const isFixed = path.length <= LONGEST_FIXED && Object.hasOwn(FIXED, path);
  const route = isFixed ? FIXED[path] : matchRepositoryRoute(path);
  if (route === undefined) throw noSuchRoute();
  return { route, query: mark < 0 ? '' : url.slice(mark + 1) };
}

function matchRepositoryRoute(path: string): Route | undefined {
  if (!path.startsWith(PREFIX)) return undefined;
  const tailAt = path.lastIndexOf('/');
  const tail = path.slice(tailAt + 1);
  const wordAt = path.lastIndexOf('/', tailAt - 1);
  const before = path.slice(PREFIX.length, wordAt);
  switch (wordAt < PREFIX.length ? '' : path.slice(wordAt + 1, tailAt)) {
    case 'manifests':
      return tail === '' ? undefined : { kind: 'manifest', name: parseRepositoryName(before), reference: tail };
    case 'blobs':
      return matchBlob(before, tail);
    case 'uploads':
      return matchUpload(before, tail);
    case 'tags':
      return tail === 'list' ? { kind: 'tags', name: parseRepositoryName(before) } : undefined;
    case 'referrers':
      return tail === '' ? undefined : { kind: 'referrers', name: parseRepositoryName(before), digest: tail };
    default:
      return undefined;
  }
}

function matchBlob(name: string, tail: string): Route | undefined {
  // The spec's path ends in a slash; clients that leave it out mean the same.
  if (tail === 'uploads') return { kind: 'uploads', name: parseRepositoryName(name) };
  return tail === '' ? undefined : { kind: 'blob', name: parseRepositoryName(name), digest: tail };
}

function matchUpload(before: string, id: string): Route | undefined {
  if (!before.endsWith('/blobs')) return undefined;
  const name = parseRepositoryName(before.slice(0, -'/blobs'.length));
  return id === '' ? { kind: 'uploads', name } : { kind: 'upload', name, id };
}

function allowed(route: Route, method: string): Method {
  const methods = METHODS[route.kind];
  const found = methods.find((each) => each === method);
  if (found !== undefined) return found;
  const list = methods.join(', ');
  throw new RegistryError('UNSUPPORTED', `this resource answers ${list} only`, { headers: { Allow: list } });
}

function noSuchRoute(): RegistryError {
  return new RegistryError(
    'UNSUPPORTED',
    'there is nothing at this path; registry routes begin with /v2/<repository>/',
    {
      status: 404,
    },
  );
}
