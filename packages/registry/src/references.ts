import { liveValue, parseManifest, type Digest, type RepositoryName } from '@atoll/core';
import { digestInKey, keys, type CallOptions, type ReadableStore } from '@atoll/storage';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import type { Intents } from './intents.js';
import { readObject } from './json-object.js';
import { listAll } from './listing.js';
import { isLiveLength, manifestCodec } from './register-object.js';

/** About 50 MiB when every manifest is known by its full set of digests. */
const REMEMBERED_DIGESTS = 400_000;
const READS_AT_ONCE = 16;

/** Who names a blob: asked before a blob is taken out of a repository. */
export class References {
  /** What a manifest names never changes, whatever repository it is in. */
  readonly #blobsOf = new LRUCache<Digest, ReadonlySet<Digest>>({
    maxSize: REMEMBERED_DIGESTS,
    sizeCalculation: (blobs) => blobs.size + 1,
  });

  constructor(
    private readonly store: Pick<ReadableStore, 'get' | 'list'>,
    private readonly intents: Pick<Intents, 'listLive'>,
  ) {}

  /** Saves the reading of a manifest that this process has just parsed. */
  remember(manifest: Digest, blobs: Iterable<Digest>): void {
    this.#blobsOf.set(manifest, new Set(blobs));
  }

  /** Whether a change in progress is about to name `digest`. To be asked before {@link manifestsNaming}. */
  async intentsNaming(repository: RepositoryName, digest: Digest, o: CallOptions = {}): Promise<boolean> {
    const intents = await this.intents.listLive(repository, o);
    return intents.some(({ digests, children }) => digests.includes(digest) || children.includes(digest));
  }

  /** Whether a live manifest of the repository has `digest` among its blobs. */
  async manifestsNaming(repository: RepositoryName, digest: Digest, o: CallOptions = {}): Promise<boolean> {
    const limit = pLimit(READS_AT_ONCE);
    let batch: Digest[] = [];
    const anyOf = async (manifests: Digest[]) =>
      (
        await limit.map(manifests, async (manifest) => (await this.#blobs(repository, manifest, o)).has(digest))
      ).includes(true);
    for await (const { key, sizeBytes } of listAll(this.store, keys.manifestsOf(repository), o)) {
      if (!isLiveLength(sizeBytes)) continue;
      batch.push(digestInKey(key));
      if (batch.length < READS_AT_ONCE) continue;
      if (await anyOf(batch)) return true;
      batch = [];
    }
    return anyOf(batch);
  }

  async #blobs(repository: RepositoryName, manifest: Digest, o: CallOptions): Promise<ReadonlySet<Digest>> {
    const known = this.#blobsOf.get(manifest);
    if (known) return known;
    const found = await readObject(this.store, keys.manifest(repository, manifest), manifestCodec, o);
    if (!found?.value.bytes) return new Set();
    const { blobs, foreign } = parseManifest(found.value.bytes, liveValue(found.value.register)?.mediaType);
    const digests = new Set([...blobs, ...foreign].map((blob) => blob.digest));
    this.#blobsOf.set(manifest, digests);
    return digests;
  }
}
