import { isRepositoryName, type RepositoryName } from '@atoll/core';
import type { Match } from './route.js';
import type { Query } from './query.js';

/** What a request wants to do, for whoever decides whether it may. */
export interface AccessRequest {
  readonly action: 'ping' | 'pull' | 'push' | 'delete' | 'catalog';
  readonly repository?: RepositoryName;
  /**
   * The push also wants to take a blob over from this repository: a challenge may name it. A push without the right to pull there is
   * still a push; whether there is that right is asked separately, as a pull, and a no makes the mount an upload.
   */
  readonly mountFrom?: RepositoryName;
  /** The request's `Authorization`, as it came. */
  readonly authorization?: string;
}

/**
 * Called before any byte of its body is read and before the store is asked anything.
 * @throws RegistryError UNAUTHORIZED with a challenge, or DENIED
 */
export type Authorize = (request: AccessRequest) => Promise<void>;

/** `undefined` for what needs no right: whether this process lives. */
export function accessRequestOf({ route, method }: Match, query: Query): AccessRequest | undefined {
  switch (route.kind) {
    case 'health':
    case 'ready':
      return undefined;
    case 'ping':
      return { action: 'ping' };
    case 'catalog':
      return { action: 'catalog' };
    case 'uploads':
      return { action: 'push', repository: route.name, ...mountOf(query) };
    // Giving an upload up and asking how far it is are a part of pushing, not of deleting or pulling.
    case 'upload':
      return { action: 'push', repository: route.name };
    default:
      return { action: ACTIONS[method], repository: route.name };
  }
}

const ACTIONS = { GET: 'pull', HEAD: 'pull', POST: 'push', PATCH: 'push', PUT: 'push', DELETE: 'delete' } as const;

function mountOf(query: Query): { mountFrom?: RepositoryName } {
  const from = query.get('from') ?? '';
  return query.has('mount') && isRepositoryName(from) ? { mountFrom: from } : {};
}
