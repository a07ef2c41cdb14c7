import type { Readable } from 'node:stream';
import { RegistryError, systemClock, type Clock, type Descriptor, type Digest, type RepositoryName } from '@atoll/core';
import { digestPath, keys, type CallOptions, type Chunks, type ObjectStore } from '@atoll/storage';
import { BlobAdoption, type BlobAdoptionParts } from './blob-adoption.js';
import { BlobCopies, type BlobSource, type CopyOptions } from './blob-copies.js';
import { BlobDeletion, type BlobReferences } from './blob-deletion.js';
import { BlobIntake } from './blob-intake.js';
import { BlobLinks, linkCodec, readLink, unlessDead, type BlobLink } from './blob-links.js';
import type { BlobLocation } from './blob-location.js';
import { BlobLocations } from './blob-locations.js';
import { BlobRecords, readRecord } from './blob-records.js';
import { DecodedObjects } from './decoded-objects.js';
import { HashThread } from './hash-thread.js';
import { mapAtMost } from './map-at-most.js';
import { RepositoryPrefixes } from './repository-prefixes.js';
import { SmallBlobs } from './small-blobs.js';

export interface BlobsParts extends Pick<BlobAdoptionParts, 'store' | 'catalog'> {
  readonly references: BlobReferences;
  readonly clock?: Clock;
  /** Shared with the uploads. */
  readonly hashes?: HashThread;
}

const DECODED_BYTES = 4 * 1_048_576;
const PINS_AT_ONCE = 8;

/** Blobs of repositories: each a link per repository, and per region one record and one data object (docs/adr/0001-key-layout.md). */
export class Blobs {
  readonly #store: ObjectStore;
  readonly #links: BlobLinks;
  readonly #records: BlobRecords;
  readonly #locations: BlobLocations;
  readonly #small = new SmallBlobs();
  readonly #decodedLinks: DecodedObjects<BlobLink>;
  readonly #linkPrefixes = new RepositoryPrefixes(keys.linksOf);
  readonly #adoption: BlobAdoption;
  readonly #intake: BlobIntake;
  readonly #copies: BlobCopies;
  readonly #deletion: BlobDeletion;

  constructor({ store, references, catalog, clock = systemClock, hashes = new HashThread() }: BlobsParts) {
    const links = new BlobLinks(store, clock);
    const records = new BlobRecords(store, clock);
    const locations = new BlobLocations(store);
    const adoption = new BlobAdoption({ store, links, records, locations, catalog });
    const intake = new BlobIntake({ store, links, records, adoption, small: this.#small, hashes });
    this.#store = store;
    this.#links = links;
    this.#records = records;
    this.#locations = locations;
    this.#adoption = adoption;
    this.#intake = intake;
    this.#copies = new BlobCopies({ store, locations, adoption, intake });
    this.#deletion = new BlobDeletion(links, references);
    this.#decodedLinks = new DecodedObjects(store, linkCodec, DECODED_BYTES);
  }

  /** Two requests at once, one when this process knows the record. A link is never remembered: what is unlinked is gone at once. */
  async find(repository: RepositoryName, digest: Digest, o: CallOptions = {}): Promise<BlobLocation | undefined> {
    const [link, location] = await Promise.all([
      this.#decodedLinks.read(this.#linkPrefixes.of(repository) + digestPath(digest), o),
      this.#locations.find(digest, o),
    ]);
    return unlessDead(link) && location;
  }

  /** @throws RegistryError BLOB_UNKNOWN */
  async stat(repository: RepositoryName, digest: Digest, o: CallOptions = {}): Promise<BlobLocation> {
    return (await this.find(repository, digest, o)) ?? blobUnknown(digest);
  }

  /**
   * As {@link find}, for a client that skips an upload when the blob is there: the blob's grace period starts again, so that it is
   * still there when the manifest comes.
   */
  async touch(repository: RepositoryName, digest: Digest, o: CallOptions = {}): Promise<BlobLocation | undefined> {
    const [linked, location] = await Promise.all([
      this.#links.touch(repository, digest, o),
      this.#locations.find(digest, o),
    ]);
    return linked ? location : undefined;
  }

  /** Bytes `[start, end)`. The caller drains or destroys the stream. @throws RegistryError BLOB_UNKNOWN when it has just gone */
  async open(
    location: BlobLocation,
    o: CallOptions & { readonly start?: number; readonly end?: number } = {},
  ): Promise<Readable> {
    const opened = await this.#store.open(location.dataKey, o);
    if (opened) return opened.body;
    // The record was collected and the digest uploaded anew since this process read it.
    this.#locations.forget(location.digest);
    const current = await this.#locations.find(location.digest, o);
    const reopened = current && (await this.#store.open(current.dataKey, o));
    return reopened?.body ?? blobUnknown(location.digest);
  }

  /** Whether {@link read} takes the bytes from memory. */
  isAtHand({ digest }: BlobLocation): boolean {
    return this.#small.has(digest);
  }

  /** All of a small blob, from memory where it was read before: then only its link is asked for. @throws as {@link open} */
  async read(location: BlobLocation, o: CallOptions = {}): Promise<Buffer> {
    return this.#small.get(location.digest) ?? this.#small.keep(location, await this.open(location, o));
  }

  /**
   * Makes a blob of `from` a blob of `target` too, without moving bytes; repeats do no harm. `undefined` when neither has it.
   * The caller has made sure that the client may pull from `from`.
   */
  async mount(
    target: RepositoryName,
    digest: Digest,
    from: RepositoryName | undefined,
    o: CallOptions = {},
  ): Promise<BlobLocation | undefined> {
    const source = from !== undefined && (await this.find(from, digest, o));
    if (!source) return this.touch(target, digest, o);
    return this.#adoption.linkRecorded(target, digest, o);
  }

  /**
   * As {@link mount}, from a repository that the blob's record names: five requests at most to find out, however many repositories
   * there are (docs/adr/0005-automatic-mount.md). `undefined` when the client must upload, which is always a right answer.
   * @param mayPull whether the client may pull from the repository that is found
   */
  async mountFromHome(
    target: RepositoryName,
    digest: Digest,
    mayPull: (home: RepositoryName) => Promise<boolean>,
    o: CallOptions = {},
  ): Promise<BlobLocation | undefined> {
    const there = await this.touch(target, digest, o);
    if (there) return there;
    const home = (await readRecord(this.#store, digest, o))?.home;
    if (home === undefined || !(await mayPull(home))) return undefined;
    if (await readLink(this.#store, home, digest, o)) return this.#adoption.linkRecorded(target, digest, o);
    await this.#records.forgetHome(digest, home, o);
    return undefined;
  }

  /**
   * Takes the blob out of the repository, unless a manifest names it.
   * @throws RegistryError BLOB_UNKNOWN, or UNSUPPORTED while something in the repository names it
   */
  async delete(repository: RepositoryName, digest: Digest, o: CallOptions = {}): Promise<void> {
    await this.stat(repository, digest, o);
    await this.#deletion.delete(repository, digest, o);
  }

  /**
   * Makes sure that the blobs are there and stay there for the intent that the caller holds; answers those that are missing. Each
   * link is read before its record: a link is what keeps a record, so a record that was seen before its link could be gone by then.
   * @throws RegistryError MANIFEST_INVALID when a blob's size is not the one the descriptor tells
   */
  async pin(repository: RepositoryName, descriptors: readonly Descriptor[], o: CallOptions = {}): Promise<Digest[]> {
    const sizes = new Map<Digest, Set<number>>();
    for (const { digest, size } of descriptors) sizes.set(digest, (sizes.get(digest) ?? new Set()).add(size));
    const missing = await mapAtMost(PINS_AT_ONCE, [...sizes], async ([digest, told]) => {
      const record = (await this.#links.rescue(repository, digest, o)) && (await this.#records.rescue(digest, o));
      if (!record) return [digest];
      for (const size of told) if (size !== record.size) throw sizeMismatch(digest, size, record.size);
      return [];
    });
    return missing.flat();
  }

  /**
   * Makes the bytes at `dataKey`, whose digest the caller has verified, a blob of the repository. Where the region has the digest
   * already, `dataKey` is deleted. Safe to repeat.
   * @throws RegistryError BLOB_UPLOAD_UNKNOWN when the bytes at `dataKey` were a blob once and were given up
   */
  adopt(
    repository: RepositoryName,
    digest: Digest,
    dataKey: string,
    sizeBytes: number,
    o: CallOptions = {},
  ): Promise<BlobLocation> {
    return this.#adoption.adopt(repository, digest, dataKey, sizeBytes, o);
  }

  /**
   * Stores content that is said to have this digest and size; nothing of it is visible unless it has.
   * @throws RegistryError DIGEST_INVALID or SIZE_INVALID
   */
  store(
    repository: RepositoryName,
    digest: Digest,
    chunks: Chunks,
    o: CallOptions & { readonly sizeBytes?: number | undefined } = {},
  ): Promise<BlobLocation> {
    return this.#intake.store(repository, digest, chunks, o);
  }

  /**
   * Takes in a blob of another region; nothing is asked of `source` where this region has the digest already.
   * @throws RegistryError DIGEST_INVALID or SIZE_INVALID
   */
  copyIn(
    repository: RepositoryName,
    digest: Digest,
    sizeBytes: number,
    source: BlobSource,
    o: CopyOptions = {},
  ): Promise<void> {
    return this.#copies.copyIn(repository, digest, sizeBytes, source, o);
  }
}

function blobUnknown(digest: Digest): never {
  throw new RegistryError('BLOB_UNKNOWN', 'this repository has no such blob', { detail: { digest } });
}

function sizeMismatch(digest: Digest, toldBytes: number, sizeBytes: number): RegistryError {
  return new RegistryError('MANIFEST_INVALID', 'a descriptor tells another size than the blob has', {
    detail: { digest, size: toldBytes, sizeBytes },
  });
}
