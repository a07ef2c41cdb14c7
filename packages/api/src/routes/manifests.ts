import {
  isTag,
  MAX_MANIFEST_BYTES,
  parseDigest,
  parseReference,
  parseTag,
  RegistryError,
  type Reference,
  type RepositoryName,
  type Tag,
} from '@atoll/core';
import type { StoredManifest } from '@atoll/registry';
import { cacheControl, etagOf, isKnown, preconditionOf } from '../conditional.js';
import type { Exchange, Headers } from '../exchange.js';
import type { Call, RouteParts } from './route-parts.js';
import type { Query } from '../query.js';

type ManifestHead = Omit<StoredManifest, 'bytes'>;

/** `/v2/<name>/manifests/<reference>`; distribution-spec, Pulling, Pushing and Deleting Manifests. */
export class ManifestRoutes {
  readonly #byDigest: string;
  readonly #byTag: string;

  constructor(private readonly parts: RouteParts) {
    this.#byDigest = cacheControl(true, parts.isPrivate);
    this.#byTag = cacheControl(false, parts.isPrivate);
  }

  /** @throws RegistryError at once, when the reference cannot be one */
  handle(call: Call<'manifest'>): Promise<void> | void {
    if (call.method === 'PUT') return this.#put(call);
    const { exchange, method, route } = call;
    const reference = referenceToRead(route.reference);
    if (method === 'DELETE') return this.#delete(exchange, route.name, reference);
    const manifest = this.parts.registry.manifests.recall(route.name, reference);
    if (manifest === undefined) return this.#get(exchange, route.name, reference);
    const headers = this.#headers(manifest, reference);
    if (!answersByHead(exchange, manifest, headers)) exchange.respond(200, headers, manifest.bytes);
  }

  /** `Accept` is not looked at: other bytes would have another digest, and no client could tell why. */
  async #get(exchange: Exchange, name: RepositoryName, reference: Reference): Promise<void> {
    const { req, signal } = exchange;
    const { manifests } = this.parts.registry;
    if (req.method === 'HEAD' || req.headers['if-none-match'] !== undefined) {
      const head = await manifests.head(name, reference, { signal });
      if (answersByHead(exchange, head, this.#headers(head, reference))) return;
    }
    const manifest = await manifests.get(name, reference, { signal });
    exchange.respond(200, this.#headers(manifest, reference), manifest.bytes);
  }

  async #put({ exchange, route: { name, reference: text }, query }: Call<'manifest'>): Promise<void> {
    const { reference, tags } = pushOf(text, query, this.parts.limits.maxTagsPerPush);
    const bytes = await exchange.body.bytes(MAX_MANIFEST_BYTES, tooBig);
    const { headers } = exchange.req;
    const holds = preconditionOf(headers);
    const onlyIf = holds && { name: parseReference(text), holds };
    const push = { reference, tags, contentType: headers['content-type'], bytes, onlyIf };
    const { requestId, workSignal: signal } = exchange;
    const stored = await this.parts.registry.manifests.put(name, { ...push, requestId }, { signal });
    exchange.respond(201, {
      Location: `/v2/${name}/manifests/${stored.digest}`,
      'Docker-Content-Digest': stored.digest,
      ...(stored.subject !== undefined && { 'OCI-Subject': stored.subject }),
      ...(tags.length > 0 && { 'OCI-Tag': stored.tags.join(', ') }),
      'Content-Length': '0',
    });
  }

  async #delete(exchange: Exchange, name: RepositoryName, reference: Reference): Promise<void> {
    const { registry } = this.parts;
    const onlyIf = preconditionOf(exchange.req.headers);
    const options = { signal: exchange.workSignal, requestId: exchange.requestId, onlyIf };
    if ('tag' in reference) await registry.tags.delete(name, reference.tag, options);
    else await registry.manifests.delete(name, reference.digest, options);
    exchange.respond(202, { 'Content-Length': '0' });
  }

  #headers({ digest, mediaType, sizeBytes }: ManifestHead, reference: Reference): Headers {
    return {
      'Content-Type': mediaType,
      'Content-Length': String(sizeBytes),
      'Docker-Content-Digest': digest,
      ETag: etagOf(digest),
      'Cache-Control': 'digest' in reference ? this.#byDigest : this.#byTag,
    };
  }
}

/** Answers who asked for no bytes, or has them already; `false` for who wants them. */
function answersByHead(exchange: Exchange, { digest }: ManifestHead, headers: Headers): boolean {
  const { method, headers: asked } = exchange.req;
  const known = isKnown(asked['if-none-match'], digest);
  if (known) exchange.respond(304, withoutLength(headers));
  else if (method === 'HEAD') exchange.respond(200, headers);
  return known || method === 'HEAD';
}

function withoutLength(headers: Headers): Headers {
  const { 'Content-Length': _length, ...others } = headers;
  return others;
}

/** What cannot be a tag names nothing: 404, as the suites want it. @throws RegistryError MANIFEST_UNKNOWN, DIGEST_INVALID */
function referenceToRead(text: string): Reference {
  if (text.includes(':')) return { digest: parseDigest(text) };
  if (isTag(text)) return { tag: text };
  throw new RegistryError('MANIFEST_UNKNOWN', 'this repository has no such tag: no tag can have this name', {
    detail: { tag: text.slice(0, 200) },
  });
}

/** What a push names: `?tag=` on a digest adds tags, `?digest=` on a tag tells the algorithm to keep it by. */
function pushOf(text: string, query: Query, maxTags: number): { reference: Reference; tags: Tag[] } {
  const reference = parseReference(text);
  const names = [...new Set(query.getAll('tag'))];
  if (names.length > maxTags) {
    throw new RegistryError('TAG_INVALID', `one push sets at most ${maxTags} tags`, { status: 414 });
  }
  const digest = query.get('digest');
  if ('digest' in reference) {
    if (digest === null || digest === reference.digest) return { reference, tags: names.map(parseTag) };
    throw new RegistryError('DIGEST_INVALID', 'the path and the digest parameter name two digests');
  }
  if (names.length > 0) throw new RegistryError('TAG_INVALID', 'tag parameters go with a digest in the path');
  return digest === null
    ? { reference, tags: [] }
    : { reference: { digest: parseDigest(digest) }, tags: [reference.tag] };
}

function tooBig(): RegistryError {
  return new RegistryError('MANIFEST_INVALID', `a manifest has at most ${MAX_MANIFEST_BYTES} bytes`, { status: 413 });
}
