import { parseDigest, RegistryError, type Digest, type RepositoryName } from '@atoll/core';
import { isSmallBlob, type BlobLocation } from '@atoll/registry';
import { isStorageError, type CallOptions } from '@atoll/storage';
import { parseByteRange } from '../byte-range.js';
import { cacheControl, etagOf, isKnown } from '../conditional.js';
import type { Exchange, Headers } from '../exchange.js';
import type { Call, RouteParts } from './route-parts.js';

/** Long enough for a slow client to begin the last layers of a large image. */
const SIGNED = { ttlSeconds: 30 * 60, contentType: 'application/octet-stream' };

/** Made once: the usual answer before a push, and an error's stack is dear. */
const NO_SUCH_BLOB = new RegistryError('BLOB_UNKNOWN', 'this repository has no such blob');

/** `/v2/<name>/blobs/<digest>`; distribution-spec, Pulling blobs and Deleting Blobs. */
export class BlobRoutes {
  readonly #cacheControl: string;

  constructor(private readonly parts: RouteParts) {
    this.#cacheControl = cacheControl(true, parts.isPrivate);
  }

  /** @throws RegistryError at once, when the reference cannot be one */
  handle({ exchange, route, method }: Call<'blob'>): Promise<void> {
    const digest = parseDigest(route.digest);
    if (method === 'DELETE') return this.#delete(exchange, route.name, digest);
    if (method === 'HEAD') return this.#head(exchange, route.name, digest);
    return this.#get(exchange, route.name, digest);
  }

  async #get(exchange: Exchange, name: RepositoryName, digest: Digest): Promise<void> {
    const { signal, req } = exchange;
    const blobs = this.parts.registry.blobs;
    const location = await blobs.stat(name, digest, { signal });
    const headers = this.#headers(location);
    if (isKnown(req.headers['if-none-match'], digest)) return exchange.respond(304, headers);
    const range = rangeOf(exchange, location);
    if (range === 'unsatisfiable') throw unsatisfiable(location);
    const isWhole = range === 'whole';
    const { start, end } = isWhole ? { start: 0, end: location.sizeBytes } : range;
    const head: Headers = { ...headers, 'Content-Length': String(end - start) };
    if (!isWhole) head['Content-Range'] = `bytes ${start}-${end - 1}/${location.sizeBytes}`;
    const status = isWhole ? 200 : 206;
    if (start === end) return exchange.respond(status, head);
    const elsewhere = isReadAlike(req.headers, isWhole) && (await this.#elsewhere(exchange, location));
    if (elsewhere) return exchange.respond(307, elsewhere);
    if (isSmallBlob(location)) {
      const bytes = await blobs.read(location, { signal });
      return exchange.respond(status, head, bytes.subarray(start, end));
    }
    const body = await blobs.open(location, { ...(!isWhole && range), signal });
    return exchange.stream(status, head, body, end - start);
  }

  /**
   * The headers that send this client to the store, which answers its `Range` as well as this does. Never an error: what cannot be
   * signed is served. `undefined` also for bytes at hand.
   */
  async #elsewhere(exchange: Exchange, location: BlobLocation): Promise<Headers | undefined> {
    const { redirects, registry } = this.parts;
    if (!registry.store.capabilities.presign) return undefined;
    if (!redirects(exchange.req.socket.remoteAddress) || registry.blobs.isAtHand(location)) return undefined;
    const signed = await registry.store.presignGet(location.dataKey, SIGNED).catch((error: unknown) => {
      exchange.note('no URL could be signed; the blob is served from here', { error });
    });
    if (!signed) return undefined;
    return {
      Location: signed,
      'Content-Length': '0',
      'Docker-Content-Digest': location.digest,
      // Who holds the URL may read the blob for as long as it is good.
      'Cache-Control': 'private, no-store',
    };
  }

  /** Ranges are for GET alone; RFC 9110, 14.2. */
  async #head(exchange: Exchange, name: RepositoryName, digest: Digest): Promise<void> {
    const location = await this.#touch(name, digest, { signal: exchange.signal });
    if (location === undefined) throw NO_SUCH_BLOB;
    const headers = this.#headers(location);
    if (isKnown(exchange.req.headers['if-none-match'], digest)) return exchange.respond(304, headers);
    exchange.respond(200, { ...headers, 'Content-Length': String(location.sizeBytes) });
  }

  async #delete(exchange: Exchange, name: RepositoryName, digest: Digest): Promise<void> {
    await this.parts.registry.blobs.delete(name, digest, { signal: exchange.workSignal });
    exchange.respond(202, { 'Content-Length': '0' });
  }

  /** A client that asks before a push relies on the answer. A store that takes no writes just now can still tell what there is. */
  async #touch(name: RepositoryName, digest: Digest, o: CallOptions): Promise<BlobLocation | undefined> {
    const { blobs } = this.parts.registry;
    try {
      return await blobs.touch(name, digest, o);
    } catch (cause) {
      if (isStorageError(cause, 'read-only') || isStorageError(cause, 'full')) return blobs.find(name, digest, o);
      throw cause;
    }
  }

  #headers({ digest }: BlobLocation): Headers {
    return {
      'Content-Type': 'application/octet-stream',
      'Docker-Content-Digest': digest,
      ETag: etagOf(digest),
      'Accept-Ranges': 'bytes',
      'Cache-Control': this.#cacheControl,
    };
  }
}

/**
 * Whether every store reads these headers as this registry does: not several ranges at once, not the ETag of `If-Range`, which a store
 * does not know, and not the last bytes of a blob, which Azure Blob Storage answers with all of it.
 */
function isReadAlike(headers: Exchange['req']['headers'], isWhole: boolean): boolean {
  if (headers['if-range'] !== undefined || /=\s*-/.test(headers.range ?? '')) return false;
  return !isWhole || headers.range === undefined;
}

function rangeOf({ req }: Exchange, { digest, sizeBytes }: BlobLocation): ReturnType<typeof parseByteRange> {
  const ifRange = req.headers['if-range'];
  if (ifRange !== undefined && ifRange !== etagOf(digest)) return 'whole';
  return parseByteRange(req.headers.range, sizeBytes);
}

function unsatisfiable({ sizeBytes }: BlobLocation): RegistryError {
  return new RegistryError('RANGE_INVALID', `the range asked for lies outside of the blob's ${sizeBytes} bytes`, {
    headers: { 'Content-Range': `bytes */${sizeBytes}` },
  });
}
