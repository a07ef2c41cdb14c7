import type { IncomingMessage } from 'node:http';
import { RegistryError, type RepositoryName } from '@atoll/core';
import type { Registry } from '@atoll/registry';
import type { Logger } from '@atoll/runtime';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { accessRequestOf, type AccessRequest, type Authorize } from './access-request.js';
import { refuseDuplicates } from './duplicate-headers.js';
import type { Exchange } from './exchange.js';
import { refuseFraming } from './framing.js';
import { defaultLimits, type ApiLimits } from './limits.js';
import { parseQuery, type Query } from './query.js';
import { matchRoute, methodsAt, type Match } from './route.js';
import { BlobRoutes } from './routes/blobs.js';
import { HealthRoutes } from './routes/health.js';
import { ManifestRoutes } from './routes/manifests.js';
import { NameRoutes } from './routes/names.js';
import { ReferrerRoutes } from './routes/referrers.js';
import type { RouteParts } from './routes/route-parts.js';
import { UploadRoutes, UploadStartRoutes } from './routes/uploads.js';
import { Traffic } from './traffic.js';

export interface AppOptions {
  readonly registry: Registry;
  readonly log: Logger;
  /** Everybody may do everything unless this says otherwise. */
  readonly authorize?: Authorize | undefined;
  readonly limits?: Partial<ApiLimits> | undefined;
  /** Look for a blob whose mount names no source repository; without it such a mount becomes an upload. Off by default. */
  readonly automaticMount?: boolean | undefined;
  /** Whether a client at this address is sent to the store for a blob's bytes; nobody is by default. */
  readonly redirects?: ((address: string | undefined) => boolean) | undefined;
  /** Shared with whoever runs the server. */
  readonly traffic?: Traffic | undefined;
}

/**
 * The registry protocol as an Express application. Express carries the request and a rejection, and no more: its router decodes
 * paths, its bodies are parsed, and its answers get a charset and an ETag of their own, each of which breaks some registry client.
 */
export function createApp({ registry, log, authorize, ...options }: AppOptions): Express {
  const limits = { ...defaultLimits, ...options.limits };
  const traffic = options.traffic ?? new Traffic(log, limits, registry.contentMemory);
  const parts: RouteParts = {
    registry,
    limits,
    isPrivate: authorize !== undefined,
    automaticMount: options.automaticMount ?? false,
    redirects: options.redirects ?? (() => false),
    mayPull: (exchange, repository) => mayPull(authorize, exchange, repository),
  };
  const answer = answerer(parts, () => traffic.draining);
  // Asynchronous only where it waits for something: this runs for every request.
  const serve = (exchange: Exchange): Promise<void> | void => {
    const { req } = exchange;
    checkConnection(exchange);
    // Tells nothing that a 405 would not, so it takes no right.
    if (req.method === 'OPTIONS') return exchange.respond(204, { Allow: methodsAt(req.url ?? '').join(', ') });
    const match = (exchange.match = matchRoute(req.url ?? '', req.method ?? ''));
    refuseDuplicates(req.rawHeaders);
    const query = parseQuery(match.query);
    if (authorize === undefined) return answer(exchange, match, query);
    return permit(authorize, exchange, match, query).then(() => answer(exchange, match, query));
  };
  // Nothing comes here but a fault of Express itself, whose own answer would be a page with a stack.
  const cutOff: ErrorRequestHandler = (error, _req, res, _next) => {
    log.error('request failed', { error });
    res.destroy();
  };
  return express()
    .disable('x-powered-by')
    .disable('etag')
    .use((req, res) => void traffic.run(req, res, serve))
    .use(cutOff);
}

/** Whatever makes it doubtful where this request ends is the end of its connection. */
function checkConnection(exchange: Exchange): void {
  const { req } = exchange;
  try {
    refuseFraming(req);
  } catch (cause) {
    exchange.closeAfter();
    throw cause;
  }
  // Node's parser drops what came in one piece with a request to change the protocol: a request behind it would wait for ever.
  if (req.headers.upgrade !== undefined) exchange.closeAfter();
}

/** The one place where rights are checked: after routing, before a byte of the body is read and before the store is asked. */
async function permit(authorize: Authorize, { req }: Exchange, match: Match, query: Query): Promise<void> {
  const request = accessRequestOf(match, query);
  if (!request) return;
  await authorize({ ...request, ...credentialsOf(req) });
}

/** @throws whatever is no refusal: that nobody could be asked is not for the client to take for a no */
async function mayPull(
  authorize: Authorize | undefined,
  { req }: Exchange,
  repository: RepositoryName,
): Promise<boolean> {
  if (!authorize) return true;
  try {
    await authorize({ action: 'pull', repository, ...credentialsOf(req) });
    return true;
  } catch (cause) {
    if (cause instanceof RegistryError && (cause.code === 'UNAUTHORIZED' || cause.code === 'DENIED')) return false;
    throw cause;
  }
}

function credentialsOf({ headers }: IncomingMessage): Pick<AccessRequest, 'authorization'> {
  return headers.authorization === undefined ? {} : { authorization: headers.authorization };
}

function answerer(
  parts: RouteParts,
  isDraining: () => boolean,
): (exchange: Exchange, match: Match, query: Query) => Promise<void> | void {
  const blobs = new BlobRoutes(parts);
  const health = new HealthRoutes(parts, isDraining);
  const manifests = new ManifestRoutes(parts);
  const names = new NameRoutes(parts);
  const referrers = new ReferrerRoutes(parts);
  const uploads = new UploadRoutes(parts);
  const uploadStarts = new UploadStartRoutes(parts);
  return (exchange, { route, method }, query) => {
    const call = { exchange, method, query };
    switch (route.kind) {
      case 'manifest':
        return manifests.handle({ ...call, route });
      case 'blob':
        return blobs.handle({ ...call, route });
      case 'uploads':
        return uploadStarts.handle({ ...call, route });
      case 'upload':
        return uploads.handle({ ...call, route });
      case 'referrers':
        return referrers.handle({ ...call, route });
      case 'tags':
        return names.tags({ ...call, route });
      case 'catalog':
        return names.catalog({ ...call, route });
      case 'ping':
        return names.ping({ ...call, route });
      case 'health':
        return health.health({ ...call, route });
      case 'ready':
        return health.ready({ ...call, route });
    }
  };
}
