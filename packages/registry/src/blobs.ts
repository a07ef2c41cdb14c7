import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  algorithmOf,
  hexOf,
  RegistryError,
  systemClock,
  type Clock,
  type Descriptor,
  type Digest,
  type RepositoryName,
} from '@atoll/core';
import {
  digestPath,
  holdSmall,
  keys,
  type CallOptions,
  type Chunks,
  type ObjectStore,
  type ReadableStore,
} from '@atoll/storage';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import { BlobLinks, linkCodec, readLink, unlessDead, type BlobLink } from './blob-links.js';
import { BlobRecords, readRecord, type BlobRecord } from './blob-records.js';
import type { UpdateOptions } from './cas.js';
import { DecodedObjects } from './decoded-objects.js';
import { HashThread } from './hash-thread.js';
import { RepositoryPrefixes } from './repository-prefixes.js';
import { CopiedChunks, isSmallBlob, SMALL_BLOB_BYTES, SmallBlobs } from './small-blobs.js';
import { VerifiedChunks } from './verified-chunks.js';

/** Where a blob's bytes are. */
export interface BlobLocation {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly dataKey: string;
}

/** A blob's bytes in some region's bucket. */
export interface BlobPlace {
  readonly store: ReadableStore;
  readonly location: BlobLocation;
}

/** A blob of another region. */
export interface BlobSource {
  /** Where its bytes are; `undefined` when that is not known, or when they are not there. */
  place(): Promise<BlobPlace | undefined>;
  /** Its bytes, all of them or those from `start` on. What goes wrong there is thrown while they are read. */
  chunks(o?: { readonly start?: number }): Chunks;
}

/** Who else may name a blob of a repository. */
export interface BlobReferences {
  /** To be asked before {@link manifestsNaming}: an intent goes only after its manifest is there. */
  intentsNaming(repository: RepositoryName, digest: Digest, o: CallOptions): Promise<boolean>;
  manifestsNaming(repository: RepositoryName, digest: Digest, o: CallOptions): Promise<boolean>;
}

export interface BlobsParts {
  readonly store: ObjectStore;
  readonly references: BlobReferences;
  /** Told of every repository that gets a blob. */
  readonly catalog: { ensure(repository: RepositoryName, o: CallOptions): Promise<void> };
  readonly clock?: Clock;
  /** Shared with the uploads. */
  readonly hashes?: HashThread;
}

const REMEMBERED_RECORDS = 50_000;
/** Far below the day for which a data object outlives its record. */
const REMEMBERED_MS = 60 * 60 * 1000;
const DECODED_BYTES = 4 * 1_048_576;
const PINS_AT_ONCE = 8;
const DELETE_ATTEMPTS = 8;

/** The blob's link and record, read at once; both are needed. Works on a peer's store as well. */
export async function findBlob(
  store: Pick<ReadableStore, 'get'>,
  repository: RepositoryName,
  digest: Digest,
  o: CallOptions = {},
): Promise<BlobLocation | undefined> {
  const [link, record] = await Promise.all([readLink(store, repository, digest, o), readRecord(store, digest, o)]);
  return link && record && locationOf(digest, record);
}

/**
 * A fresh key for a data object that no upload session names. It tells the digest it was written for, so that what a crash leaves
 * behind can be told from what is in use by reading one record.
 */
export function newBlobKey(digest: Digest): string {
  return keys.data(`${randomBytes(16).toString('hex')}.${algorithmOf(digest)}-${hexOf(digest)}`);
}

/** Blobs of repositories: each a link per repository, and per region one record and one data object (docs/adr/0001-key-layout.md). */
export class Blobs {
  readonly #store: ObjectStore;
  readonly #links: BlobLinks;
  readonly #records: BlobRecords;
  readonly #small = new SmallBlobs();
  readonly #decodedLinks: DecodedObjects<BlobLink>;
  readonly #linkPrefixes = new RepositoryPrefixes(keys.linksOf);
  readonly #hashes: HashThread;
  // `maxSize` and not `max`: the cache grows as it fills, and does not begin with room for everything.
  readonly #remembered = new LRUCache<Digest, BlobLocation>({
    maxSize: REMEMBERED_RECORDS,
    sizeCalculation: () => 1,
    ttl: REMEMBERED_MS,
  });

  constructor(private readonly parts: BlobsParts) {
    const clock = parts.clock ?? systemClock;
    this.#store = parts.store;
    this.#hashes = parts.hashes ?? new HashThread();
    this.#links = new BlobLinks(parts.store, clock);
    this.#records = new BlobRecords(parts.store, clock);
    this.#decodedLinks = new DecodedObjects(parts.store, linkCodec, DECODED_BYTES);
  }

  /** Two requests at once, one when this process knows the record. A link is never remembered: what is unlinked is gone at once. */
  async find(repository: RepositoryName, digest: Digest, o: CallOptions = {}): Promise<BlobLocation | undefined> {
    const [link, location] = await Promise.all([
      this.#decodedLinks.read(this.#linkPrefixes.of(repository) + digestPath(digest), o),
      this.#locate(digest, o),
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
    const [linked, location] = await Promise.all([this.#links.touch(repository, digest, o), this.#locate(digest, o)]);
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
    this.#remembered.delete(location.digest);
    const current = await this.#locate(location.digest, o);
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
    return this.#linkRecorded(target, digest, o);
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
    if (await readLink(this.#store, home, digest, o)) return this.#linkRecorded(target, digest, o);
    await this.#records.forgetHome(digest, home, o);
    return undefined;
  }

  /**
   * Takes the blob out of the repository, unless a manifest names it. It is condemned first and the manifests are looked at after,
   * so that a push that comes to rely on it meanwhile either is seen or has to write the link, which the deletion then respects.
   * @throws RegistryError BLOB_UNKNOWN, or UNSUPPORTED while something in the repository names it
   */
  async delete(repository: RepositoryName, digest: Digest, o: CallOptions = {}): Promise<void> {
    await this.stat(repository, digest, o);
    for (let attempt = 0; attempt < DELETE_ATTEMPTS; attempt++) {
      const version = await this.#links.condemn(repository, digest, o);
      if (version === undefined) return;
      if (await this.#referenced(repository, digest, o)) {
        await this.#links.acquit(repository, digest, o);
        throw notDeletable(digest, 'a manifest of this repository names the blob, delete the manifest first');
      }
      if (await this.#links.remove(repository, digest, version, o)) return;
    }
    throw notDeletable(digest, 'the blob is being pushed again at this moment');
  }

  /**
   * Makes sure that the blobs are there and stay there for the intent that the caller holds; answers those that are missing. Each
   * link is read before its record: a link is what keeps a record, so a record that was seen before its link could be gone by then.
   * @throws RegistryError MANIFEST_INVALID when a blob's size is not the one the descriptor tells
   */
  async pin(repository: RepositoryName, descriptors: readonly Descriptor[], o: CallOptions = {}): Promise<Digest[]> {
    const sizes = new Map<Digest, Set<number>>();
    for (const { digest, size } of descriptors) sizes.set(digest, (sizes.get(digest) ?? new Set()).add(size));
    const missing = await pLimit(PINS_AT_ONCE).map([...sizes], async ([digest, told]) => {
      const record = (await this.#links.rescue(repository, digest, o)) && (await this.#records.rescue(digest, o));
      if (!record) return [digest];
      for (const size of told) if (size !== record.size) throw sizeMismatch(digest, size, record.size);
      return [];
    });
    return missing.flat();
  }

  /**
   * Makes the bytes at `dataKey`, whose digest the caller has verified, a blob of the repository. The link comes first: a record
   * without one could be collected before it. Where the region has the digest already, `dataKey` is deleted. Safe to repeat.
   * @throws RegistryError BLOB_UPLOAD_UNKNOWN when the bytes at `dataKey` were a blob once and were given up
   */
  async adopt(
    repository: RepositoryName,
    digest: Digest,
    dataKey: string,
    sizeBytes: number,
    o: CallOptions = {},
  ): Promise<BlobLocation> {
    await this.#links.ensure(repository, digest, o);
    return this.#record(repository, digest, { data: dataKey, size: sizeBytes }, o);
  }

  /** Names the bytes of a blob that is linked, or deletes them where others are named. */
  async #record(
    repository: RepositoryName,
    digest: Digest,
    { data, size }: Pick<BlobRecord, 'data' | 'size'>,
    { probablyNew = true, ...o }: UpdateOptions,
  ): Promise<BlobLocation> {
    const record = await this.#records.ensure(digest, { data, size, home: repository }, { probablyNew, ...o });
    if (record.st === 'dead') throw givenUp(digest);
    if (record.data !== data) await this.#store.delete(data, { blind: true }, o);
    return this.#recorded(repository, digest, record, o);
  }

  /**
   * Stores content that is said to have this digest and size; nothing of it is visible unless it has.
   * @throws RegistryError DIGEST_INVALID or SIZE_INVALID
   */
  async store(
    repository: RepositoryName,
    digest: Digest,
    chunks: Chunks,
    o: CallOptions & { readonly sizeBytes?: number | undefined } = {},
  ): Promise<BlobLocation> {
    const { signal, sizeBytes = 0 } = o;
    const verified = new VerifiedChunks(chunks, digest, this.#hashes, o.sizeBytes);
    const inOrder = this.#store.putInOrder !== undefined && isSmallBlob({ sizeBytes });
    try {
      return await (inOrder
        ? this.#storeInOrder(repository, digest, verified, { signal })
        : this.#storeStream(repository, digest, verified, { signal }));
    } catch (cause) {
      throw verified.failure ?? cause;
    }
  }

  async #storeStream(
    repository: RepositoryName,
    digest: Digest,
    verified: Chunks,
    o: CallOptions,
  ): Promise<BlobLocation> {
    const dataKey = newBlobKey(digest);
    const copied = new CopiedChunks(verified);
    const { sizeBytes } = await this.#store.putData(dataKey, copied, o);
    const location = await this.adopt(repository, digest, dataKey, sizeBytes, o);
    if (copied.bytes) this.#small.put(digest, copied.bytes);
    return location;
  }

  /** Where all is new, bytes, link and record are written together, in the order of {@link adopt}; else what is left goes one by one. */
  async #storeInOrder(
    repository: RepositoryName,
    digest: Digest,
    verified: Chunks,
    o: CallOptions,
  ): Promise<BlobLocation> {
    const held = await holdSmall(verified, SMALL_BLOB_BYTES, o);
    if (held.small === undefined) return this.#storeStream(repository, digest, held.all, o).finally(held.end);
    const body = held.small;
    const dataKey = newBlobKey(digest);
    const { record, put } = this.#records.fresh(digest, { data: dataKey, size: body.length, home: repository });
    const data = { key: dataKey, body, condition: { blind: true } } as const;
    const outcomes = await this.#store.putInOrder?.([data, this.#links.fresh(repository, digest), put], o);
    const [, linked, recorded] = outcomes ?? [];
    if (linked === 'conflict') await this.#links.ensure(repository, digest, { ...o, probablyNew: false });
    const location = await (recorded === undefined || recorded === 'conflict'
      ? this.#record(repository, digest, record, { ...o, probablyNew: recorded === undefined })
      : this.#recorded(repository, digest, record, o));
    this.#small.put(digest, body);
    return location;
  }

  /**
   * Takes in a blob of another region; nothing is asked of `source` where this region has the digest already. Where the two buckets
   * can, the bytes are copied without passing through here (docs/adr/0009-copy-between-buckets.md); else they are read and verified,
   * by `stream` if that is given.
   * @throws RegistryError DIGEST_INVALID or SIZE_INVALID
   */
  async copyIn(
    repository: RepositoryName,
    digest: Digest,
    sizeBytes: number,
    source: BlobSource,
    { stream, ...o }: CallOptions & { readonly stream?: () => Promise<void> } = {},
  ): Promise<void> {
    if ((await this.#locate(digest, o)) && (await this.#linkRecorded(repository, digest, o))) return;
    const dataKey = await this.#copyData(digest, sizeBytes, source, o);
    if (dataKey !== undefined) await this.adopt(repository, digest, dataKey, sizeBytes, o);
    else if (stream) await stream();
    else await this.store(repository, digest, source.chunks(), { ...o, sizeBytes });
  }

  /** The new data object's key; `undefined` when its bytes must be read. A size that is not as told is found out by reading, too. */
  async #copyData(
    digest: Digest,
    sizeBytes: number,
    source: BlobSource,
    { signal }: CallOptions,
  ): Promise<string | undefined> {
    const place = await source.place();
    if (place === undefined || place.location.sizeBytes !== sizeBytes) return undefined;
    const dataKey = newBlobKey(digest);
    const from = place.location.dataKey;
    const copied = await this.#store.copyFrom(place.store, from, dataKey, { sizeBytes, signal });
    if (copied === undefined || copied.sizeBytes === sizeBytes) return copied && dataKey;
    await this.#store.delete(dataKey, { blind: true });
    return undefined;
  }

  /** Links a digest that the region had a moment ago; `undefined` when the record is gone now that the link is there. */
  async #linkRecorded(repository: RepositoryName, digest: Digest, o: CallOptions): Promise<BlobLocation | undefined> {
    await this.#links.ensure(repository, digest, o);
    const record = await this.#records.rescue(digest, o);
    return record && this.#recorded(repository, digest, record, o);
  }

  /** The repository has the blob; now it is there, too. */
  async #recorded(
    repository: RepositoryName,
    digest: Digest,
    record: BlobRecord,
    o: CallOptions,
  ): Promise<BlobLocation> {
    await this.parts.catalog.ensure(repository, o);
    return this.#remember(digest, record);
  }

  async #referenced(repository: RepositoryName, digest: Digest, o: CallOptions): Promise<boolean> {
    const { references } = this.parts;
    if (await references.intentsNaming(repository, digest, o)) return true;
    return references.manifestsNaming(repository, digest, o);
  }

  async #locate(digest: Digest, o: CallOptions): Promise<BlobLocation | undefined> {
    const known = this.#remembered.get(digest);
    if (known) return known;
    const record = await readRecord(this.#store, digest, o);
    return record && this.#remember(digest, record);
  }

  #remember(digest: Digest, record: BlobRecord): BlobLocation {
    const location = locationOf(digest, record);
    this.#remembered.set(digest, location);
    return location;
  }
}

function locationOf(digest: Digest, { data, size }: BlobRecord): BlobLocation {
  return { digest, sizeBytes: size, dataKey: data };
}

function blobUnknown(digest: Digest): never {
  throw new RegistryError('BLOB_UNKNOWN', 'this repository has no such blob', { detail: { digest } });
}

/** An upload that was closed long ago, and whose blob was deleted since: its bytes are about to go. */
function givenUp(digest: Digest): RegistryError {
  return new RegistryError('BLOB_UPLOAD_UNKNOWN', 'the blob was deleted since this upload; upload it again', {
    detail: { digest },
  });
}

function notDeletable(digest: Digest, why: string): RegistryError {
  return new RegistryError('UNSUPPORTED', `the blob was not deleted: ${why}`, { detail: { digest } });
}

function sizeMismatch(digest: Digest, toldBytes: number, sizeBytes: number): RegistryError {
  return new RegistryError('MANIFEST_INVALID', 'a descriptor tells another size than the blob has', {
    detail: { digest, size: toldBytes, sizeBytes },
  });
}
