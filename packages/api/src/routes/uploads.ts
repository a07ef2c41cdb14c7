import {
  digestOf,
  isDigest,
  isDigestAlgorithm,
  isRepositoryName,
  parseDigest,
  RegistryError,
  type Digest,
  type RepositoryName,
} from '@atoll/core';
import type { BlobLocation } from '@atoll/registry';
import { parseContentRange, type ChunkRange } from '../content-range.js';
import type { Exchange, Headers } from '../exchange.js';
import type { Call, RouteParts } from './route-parts.js';
import type { Query } from '../query.js';

/** `/v2/<name>/blobs/uploads/`: where a blob's way into a repository begins; distribution-spec, Pushing blobs. */
export class UploadStartRoutes {
  constructor(private readonly parts: RouteParts) {}

  async handle({ exchange, route: { name }, query }: Call<'uploads'>): Promise<void> {
    refuseUnknownAlgorithm(query.get('digest-algorithm'));
    const mounted = query.has('mount') && (await this.#mount(exchange, name, query));
    if (mounted) return created(exchange, name, mounted.digest);
    const whole = !query.has('mount') && (await this.#takeWhole(exchange, name, query.get('digest')));
    if (whole) return created(exchange, name, whole.digest);
    const id = this.parts.registry.uploads.start(name);
    exchange.respond(202, { ...progressHeaders(name, id, 0), 'Content-Length': '0' });
  }

  /**
   * Whatever keeps a mount from working, the client goes on with an ordinary upload. Without `from` no repository is looked for unless
   * the operator wants it: the answer tells that a digest is known.
   */
  async #mount(exchange: Exchange, name: RepositoryName, query: Query): Promise<BlobLocation | undefined> {
    const { registry, automaticMount, mayPull } = this.parts;
    const digest = query.get('mount') ?? '';
    const from = query.get('from');
    if (!isDigest(digest)) return undefined;
    const o = { signal: exchange.workSignal };
    try {
      if (from === null) {
        if (!automaticMount) return undefined;
        return await registry.blobs.mountFromHome(name, digest, (home) => mayPull(exchange, home), o);
      }
      if (!isRepositoryName(from)) return undefined;
      const allowed = await mayPull(exchange, from);
      if (!allowed) exchange.note('mount refused', { repository: name, from, digest });
      // What the target has needs no source.
      return await registry.blobs.mount(name, digest, allowed ? from : undefined, o);
    } catch (cause) {
      exchange.note('mount failed', { repository: name, from, digest, error: cause });
      return undefined;
    }
  }

  /** A blob in one request. Without a body the digest is only an announcement, unless it is that of no bytes. */
  async #takeWhole(exchange: Exchange, name: RepositoryName, text: string | null): Promise<BlobLocation | undefined> {
    if (text === null) return undefined;
    const digest = parseDigest(text);
    const body = exchange.body.chunks();
    const first = await body.next();
    if (first.done && !isDigestOfNothing(digest)) return undefined;
    const chunks = first.done ? body : startingWith(first.value, body);
    return this.parts.registry.uploads.putWhole(name, digest, chunks, { signal: exchange.workSignal });
  }
}

/** `/v2/<name>/blobs/uploads/<id>`; distribution-spec, Pushing a blob in chunks. Parameters left over from other requests are ignored. */
export class UploadRoutes {
  constructor(private readonly parts: RouteParts) {}

  async handle(call: Call<'upload'>): Promise<void> {
    switch (call.method) {
      case 'PATCH':
        return this.#append(call);
      case 'PUT':
        return this.#finish(call);
      case 'DELETE':
        return this.#cancel(call);
      default:
        return this.#status(call);
    }
  }

  async #append({ exchange, route: { name, id } }: Call<'upload'>): Promise<void> {
    const range = rangeOf(exchange);
    const { offsetBytes } = await withProgress(name, id, () =>
      this.parts.registry.uploads.append(name, id, exchange.body.chunks(), range, { signal: exchange.workSignal }),
    );
    exchange.respond(202, { ...progressHeaders(name, id, offsetBytes), 'Content-Length': '0' });
  }

  async #finish({ exchange, route: { name, id }, query }: Call<'upload'>): Promise<void> {
    const digest = requiredDigest(query.get('digest'));
    const range = rangeOf(exchange);
    const body = exchange.body.present ? exchange.body.chunks() : undefined;
    await withProgress(name, id, () =>
      this.parts.registry.uploads.finish(name, id, digest, body, range, { signal: exchange.workSignal }),
    );
    created(exchange, name, digest);
  }

  async #status({ exchange, route: { name, id } }: Call<'upload'>): Promise<void> {
    const { offsetBytes } = await this.parts.registry.uploads.status(name, id, { signal: exchange.signal });
    exchange.respond(204, progressHeaders(name, id, offsetBytes));
  }

  async #cancel({ exchange, route: { name, id } }: Call<'upload'>): Promise<void> {
    await this.parts.registry.uploads.cancel(name, id, { signal: exchange.workSignal });
    exchange.respond(204, {});
  }
}

function created(exchange: Exchange, name: RepositoryName, digest: Digest): void {
  exchange.respond(201, {
    Location: `/v2/${name}/blobs/${digest}`,
    'Docker-Content-Digest': digest,
    'Content-Length': '0',
  });
}

function locationOf(name: RepositoryName, id: string): string {
  return `/v2/${name}/blobs/uploads/${id}`;
}

/** An empty upload is told as `0-0`, as one byte is: the suites want a range, and docker fails on `0--1`. */
function progressHeaders(name: RepositoryName, id: string, offsetBytes: number): Headers {
  return {
    Location: locationOf(name, id),
    Range: `0-${Math.max(0, offsetBytes - 1)}`,
    'Docker-Upload-UUID': id,
  };
}

/** Tells a client whose bytes do not follow on where to go on from; without bytes there is no range that says so. */
async function withProgress<T>(name: RepositoryName, id: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (cause) {
    if (!(cause instanceof RegistryError) || cause.code !== 'RANGE_INVALID') throw cause;
    const offset = offsetIn(cause.more.detail);
    const { Range, ...headers } = progressHeaders(name, id, offset);
    throw new RegistryError(cause.code, cause.message, {
      ...cause.more,
      cause,
      headers: offset === 0 ? headers : { ...headers, Range: Range ?? '' },
    });
  }
}

function offsetIn(detail: unknown): number {
  if (typeof detail !== 'object' || detail === null || !('offsetBytes' in detail)) return 0;
  return typeof detail.offsetBytes === 'number' ? detail.offsetBytes : 0;
}

function rangeOf({ req, body }: Exchange): ChunkRange | undefined {
  return parseContentRange(req.headers['content-range'], body.sizeBytes);
}

/** @throws RegistryError DIGEST_INVALID; the upload stays as it is */
function requiredDigest(text: string | null): Digest {
  if (text !== null) return parseDigest(text);
  throw new RegistryError('DIGEST_INVALID', 'the request that ends an upload tells its digest: ?digest=sha256:<hex>');
}

/** The hint changes nothing here: a blob's digest is checked by the algorithm it is finished with. */
function refuseUnknownAlgorithm(algorithm: string | null): void {
  if (algorithm === null || isDigestAlgorithm(algorithm)) return;
  throw new RegistryError('DIGEST_INVALID', 'digest-algorithm is sha256 or sha512');
}

function isDigestOfNothing(digest: Digest): boolean {
  return digest === digestOf('', 'sha256') || digest === digestOf('', 'sha512');
}

async function* startingWith(
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield first;
    yield* rest;
  } finally {
    await rest.return();
  }
}
