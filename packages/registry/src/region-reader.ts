import type { Readable } from 'node:stream';
import { isDigest, type Digest, type RepositoryName, type Tag } from '@atoll/core';
import { digestInKey, keys, type CallOptions, type ReadableStore } from '@atoll/storage';
import { findBlob, type BlobLocation, type BlobPlace } from './blob-location.js';
import { repositoryNames } from './catalog.js';
import { readObject } from './json-object.js';
import { listNames, type NamePage, type NameSpace } from './listing.js';
import { manifestCodec, tagCodec, type ManifestObject, type TagRegister } from './register-object.js';
import { tagNames } from './tags.js';

/** A region as its bucket shows it, deleted names included: how one region reads another (docs/adr/0003-journal.md). */
export class RegionReader {
  constructor(private readonly store: ReadableStore) {}

  async readTag(repository: RepositoryName, tag: Tag, o: CallOptions = {}): Promise<TagRegister | undefined> {
    return (await readObject(this.store, keys.tag(repository, tag), tagCodec, o))?.value;
  }

  /** `bytes` are there while the manifest is live. */
  async readManifest(
    repository: RepositoryName,
    digest: Digest,
    o: CallOptions = {},
  ): Promise<ManifestObject | undefined> {
    return (await readObject(this.store, keys.manifest(repository, digest), manifestCodec, o))?.value;
  }

  /** Only what the repository links: what another repository has does not count. */
  findBlob(repository: RepositoryName, digest: Digest, o: CallOptions = {}): Promise<BlobLocation | undefined> {
    return findBlob(this.store, repository, digest, o);
  }

  /** As {@link findBlob}, for who copies its bytes from this bucket. */
  async placeOfBlob(repository: RepositoryName, digest: Digest, o: CallOptions = {}): Promise<BlobPlace | undefined> {
    const location = await this.findBlob(repository, digest, o);
    return location && { store: this.store, location };
  }

  /** Bytes `[start, end)`; `undefined` when they have gone. The caller drains or destroys the stream. */
  async openBlob(
    location: BlobLocation,
    o: CallOptions & { readonly start?: number; readonly end?: number } = {},
  ): Promise<Readable | undefined> {
    return (await this.store.open(location.dataKey, o))?.body;
  }

  async listTagNames(
    repository: RepositoryName,
    page: NamePage,
    o: CallOptions = {},
  ): Promise<{ tags: Tag[]; more: boolean }> {
    const { names, next } = await this.#list(tagNames(repository), page, o);
    return { tags: names, more: next !== undefined };
  }

  async listManifestDigests(
    repository: RepositoryName,
    page: NamePage,
    o: CallOptions = {},
  ): Promise<{ digests: Digest[]; more: boolean }> {
    const { names, next } = await this.#list(manifestDigests(repository), page, o);
    return { digests: names, more: next !== undefined };
  }

  async listRepositories(
    page: NamePage,
    o: CallOptions = {},
  ): Promise<{ repositories: RepositoryName[]; more: boolean }> {
    const { names, next } = await this.#list(repositoryNames, page, o);
    return { repositories: names, more: next !== undefined };
  }

  #list<T extends string>(space: NameSpace<T>, page: NamePage, o: CallOptions) {
    return listNames(this.store, space, { ...page, deletedToo: true }, o);
  }
}

/** `<alg>/<hex>` sorts as `<alg>:<hex>` does: algorithms are few, and none begins another. */
function manifestDigests(repository: RepositoryName): NameSpace<Digest> {
  return {
    prefix: keys.manifestsOf(repository),
    isName: isDigest,
    keyOf: (digest) => keys.manifest(repository, digest),
    nameOf: digestInKey,
  };
}
