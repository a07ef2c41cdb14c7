import type { RepositoryName } from '@atoll/core';
import type { Registry } from '@atoll/registry';
import type { Exchange } from '../exchange.js';
import type { ApiLimits } from '../limits.js';
import type { Method, Route } from '../route.js';
import type { Query } from '../query.js';

export interface RouteParts {
  readonly registry: Registry;
  readonly limits: ApiLimits;
  /** Who may read is checked, so no shared cache may keep an answer. */
  readonly isPrivate: boolean;
  /** A mount that names no source is looked up, where it may be. */
  readonly automaticMount: boolean;
  /** Whether a client at this address is sent to the store for a blob's bytes, where the store can sign URLs. */
  readonly redirects: (address: string | undefined) => boolean;
  /** Whether whoever sent the request may also pull from this repository. */
  readonly mayPull: (exchange: Exchange, repository: RepositoryName) => Promise<boolean>;
}

/** A parsed request to one kind of route. */
export interface Call<K extends Route['kind']> {
  readonly exchange: Exchange;
  readonly route: Extract<Route, { kind: K }>;
  readonly method: Method;
  readonly query: Query;
}
