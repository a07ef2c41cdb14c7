import {
  algorithmOf,
  digestOf,
  digestsOf,
  emptyRegister,
  joinRegisters,
  liveValue,
  parseManifest,
  RegistryError,
  sameRegister,
  systemClock,
  writeRegister,
  type Clock,
  type Digest,
  type Origin,
  type Reference,
  type RepositoryName,
  type Tag,
} from '@atoll/core';
import { digestPath, keys, StorageError, type CallOptions, type ObjectStore, type Version } from '@atoll/storage';
import type { Catalog } from './catalog.js';
import { updateObject } from './cas.js';
import { DecodedObjects } from './decoded-objects.js';
import type { HeldIntent, Intent, Intents } from './intents.js';
import type { Change, Journal } from './journal.js';
import { mapAtMost } from './map-at-most.js';
import { checkPush, requireParts, type BlobPins, type CheckedPush, type ManifestPush } from './manifest-push.js';
import { preconditionFailed, type Precondition } from './precondition.js';
import type { References } from './references.js';
import type { Referrers } from './referrers.js';
import {
  isLiveLength,
  manifestCodec,
  type ManifestObject,
  type ManifestRegister,
  type TagTarget,
} from './register-object.js';
import { Tagging } from './tagging.js';
import type { Tags } from './tags.js';
import { RepositoryPrefixes } from './repository-prefixes.js';
import { withoutSignal, type WriteOptions } from './write-options.js';

const TAGS_AT_ONCE = 8;
const DECODED_BYTES = 16 * 1_048_576;

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** Exactly what was pushed. */
  readonly bytes: Buffer;
}

export interface ManifestsParts {
  readonly store: Pick<ObjectStore, 'get' | 'versionAtHand' | 'head' | 'put'>;
  readonly origin: Origin;
  readonly blobs: BlobPins;
  readonly tags: Tags;
  readonly referrers: Referrers;
  readonly references: References;
  readonly catalog: Pick<Catalog, 'ensure'>;
  readonly intents: Pick<Intents, 'hold'>;
  readonly journal: Pick<Journal, 'append'>;
  readonly clock?: Clock;
}

/** The manifests of repositories: each a register and the bytes that were pushed (docs/adr/0002-register.md). */
export class Manifests {
  readonly #objects: DecodedObjects<ManifestObject>;
  readonly #prefixes = new RepositoryPrefixes(keys.manifestsOf);

  constructor(private readonly parts: ManifestsParts) {
    this.#objects = new DecodedObjects(parts.store, manifestCodec, DECODED_BYTES);
  }

  /**
   * Stores the manifest, then its row among its subject's referrers, then its tags, then the journal entry: a name is written when
   * everything it leads to is. A crash in between leaves an intent, from which the rest is completed. Repeats are safe.
   *
   * `onlyIf` makes a tag a compare-and-swap cell within this region: it is asked before anything is written, and again by the write
   * that moves the tag, which it decides. Of pushes at once that want the same of a tag, one wins. A push that loses there, and only
   * that one, leaves its manifest behind, by its digest and journaled, as a push by digest would. A process that dies before the tag
   * has moved leaves the same, and one that dies after has moved it: its intent moves no tag, and only journals what is there. Another
   * region may have moved the tag at the same time: then both pushes are acknowledged, and the registers are joined as ever. For a
   * digest it is asked once, as what a digest names never changes.
   * @throws RegistryError MANIFEST_INVALID, DIGEST_INVALID, TAG_INVALID, MANIFEST_BLOB_UNKNOWN (one row per missing digest),
   *   PRECONDITION_FAILED
   */
  async put(
    repository: RepositoryName,
    push: ManifestPush,
    o: WriteOptions = {},
  ): Promise<{ digest: Digest; subject?: Digest; tags: Tag[] }> {
    const checked = checkPush(push);
    const { parsed, digest, tags } = checked;
    const options = { signal: o.signal, requestId: push.requestId ?? o.requestId };
    const blobs = digestsOf([...parsed.blobs, ...parsed.foreign]);
    const names = { manifest: digest, digests: [...blobs, digest], children: digestsOf(parsed.children), tags };
    await this.parts.intents.hold(
      repository,
      names,
      (intent) => this.#write(repository, checked, intent, options),
      options,
    );
    this.parts.references.remember(digest, blobs);
    return { digest, tags: [...tags], ...(parsed.subject && { subject: parsed.subject.digest }) };
  }

  /** What {@link get} would answer, where nobody needs to be asked for it; `undefined` tells nothing. */
  recall(repository: RepositoryName, reference: Reference): StoredManifest | undefined {
    const digest = 'tag' in reference ? this.#recallTarget(repository, reference.tag)?.digest : reference.digest;
    if (digest === undefined) return undefined;
    const found = this.#objects.recall(this.#prefixes.of(repository) + digestPath(digest));
    return found && served(digest, found);
  }

  /** @throws RegistryError MANIFEST_UNKNOWN */
  async get(repository: RepositoryName, reference: Reference, o: CallOptions = {}): Promise<StoredManifest> {
    const digest = 'tag' in reference ? (await this.#target(repository, reference.tag, o)).digest : reference.digest;
    const found = await this.read(repository, digest, o);
    const manifest = found && served(digest, found);
    if (manifest === undefined) throw unknown(reference);
    return manifest;
  }

  /** @throws RegistryError MANIFEST_UNKNOWN */
  async head(
    repository: RepositoryName,
    reference: Reference,
    o: CallOptions = {},
  ): Promise<Omit<StoredManifest, 'bytes'>> {
    if ('digest' in reference) {
      const { digest, mediaType, sizeBytes } = await this.get(repository, reference, o);
      return { digest, mediaType, sizeBytes };
    }
    const target = await this.#target(repository, reference.tag, o);
    if (!(await this.#isLive(repository, target.digest, o))) throw unknown(reference);
    return target;
  }

  /**
   * Deletes the manifest, its row among its subject's referrers, and every tag that still names it. A repeat after a delete that
   * was cut short completes it.
   * @throws RegistryError MANIFEST_UNKNOWN, PRECONDITION_FAILED
   */
  async delete(
    repository: RepositoryName,
    digest: Digest,
    { onlyIf, ...o }: WriteOptions & { readonly onlyIf?: Precondition | undefined } = {},
  ): Promise<void> {
    const key = keys.manifest(repository, digest);
    if (!(await this.parts.store.head(key, { signal: o.signal }))) throw unknown({ digest });
    if (onlyIf && !onlyIf(digest) && (await this.#isLive(repository, digest, o))) throw preconditionFailed();
    const names = { manifest: digest, digests: [digest], children: [] };
    const task = (intent: HeldIntent) => this.#delete(repository, digest, intent, withoutSignal(o));
    if (!(await this.parts.intents.hold(repository, names, task, o))) throw unknown({ digest });
  }

  /** The register, deleted or not, and the bytes of a live manifest. */
  read(repository: RepositoryName, digest: Digest, o: CallOptions = {}): Promise<ManifestObject | undefined> {
    return this.#objects.read(this.#prefixes.of(repository) + digestPath(digest), o);
  }

  /**
   * Takes in the state of another region, which stays its own and is not journaled. Repeats and any order do no harm. The caller holds
   * an intent that names the manifest and all it needs, and has brought its blobs and children.
   * @throws StorageError corrupt, when the bytes are missing or are not those of `digest`
   */
  async merge(
    repository: RepositoryName,
    digest: Digest,
    remote: ManifestRegister,
    bytes: Buffer | undefined,
    o: WriteOptions = {},
  ): Promise<'unchanged' | 'merged'> {
    if (bytes && digestOf(bytes, algorithmOf(digest)) !== digest) {
      throw new StorageError('corrupt', 'the bytes of a manifest from elsewhere do not have its digest');
    }
    const brought = bytes && subjectIn(bytes, remote);
    await this.parts.catalog.ensure(repository, o);
    const updated = await updateObject(
      this.parts.store,
      keys.manifest(repository, digest),
      manifestCodec,
      (old) => {
        const register = joinRegisters(old?.register ?? emptyRegister, remote);
        if (old && sameRegister(old.register, register)) return undefined;
        return manifestObject(register, bytes ?? old?.bytes, brought ?? old?.subject);
      },
      { signal: o.signal },
    );
    // Also when nothing was written: the merge that wrote it may have died before the row.
    await this.#syncReferrers(repository, digest, updated?.value.subject, o);
    return updated?.outcome === 'unchanged' ? 'unchanged' : 'merged';
  }

  /** Completes a push or a delete whose process died, as far as it got, and journals it. */
  async settle(repository: RepositoryName, intent: Intent, o: WriteOptions = {}): Promise<void> {
    const { manifest } = intent;
    if (!manifest) return this.#journal(repository, undefined, intent.tags, o);
    const found = await this.read(repository, manifest, o);
    if (!found) return this.#journal(repository, undefined, intent.tags, o);
    await this.#syncReferrers(repository, manifest, found.subject, o);
    const gone = liveValue(found.register) ? [] : await this.#deleteTags(repository, manifest, undefined, o);
    await this.#journal(repository, manifest, new Set([...intent.tags, ...gone]), o);
  }

  async #write(repository: RepositoryName, push: CheckedPush, intent: HeldIntent, o: WriteOptions): Promise<void> {
    await requireParts(this.parts, repository, push.parsed, o);
    await this.#requireCondition(repository, push.onlyIf, o);
    await this.parts.catalog.ensure(repository, o);
    await this.#commit(repository, push, intent, withoutSignal(o));
  }

  async #commit(repository: RepositoryName, push: CheckedPush, intent: HeldIntent, o: WriteOptions): Promise<void> {
    const { parsed, digest, tags } = push;
    const target = { digest, mediaType: parsed.mediaType, sizeBytes: push.bytes.length };
    const tagging = new Tagging(this.parts.tags, repository, target, push.onlyIf);
    let written: Version | undefined;
    do {
      written = await this.#store(repository, push, intent, o);
      await this.#syncReferrers(repository, digest, parsed.subject?.digest, o);
      const set = await mapAtMost(TAGS_AT_ONCE, tags, (tag) => tagging.set(tag, o));
      if (set.includes('refused')) {
        await this.#journal(repository, digest, [], o);
        intent.dropOnFailure();
        throw preconditionFailed();
      }
      // A delete that came after the manifest may have looked for tags before these were there: the push wins, with all its parts.
    } while (tags.length > 0 && !(await this.#isLive(repository, digest, o, written)));
    await this.#journal(repository, digest, tags, o);
  }

  async #requireCondition(repository: RepositoryName, onlyIf: ManifestPush['onlyIf'], o: CallOptions): Promise<void> {
    if (!onlyIf) return;
    const { name, holds } = onlyIf;
    if ('tag' in name) {
      const register = await this.parts.tags.read(repository, name.tag, o);
      if (!holds(register && liveValue(register)?.digest)) throw preconditionFailed();
    } else if (!holds((await this.#isLive(repository, name.digest, o)) ? name.digest : undefined)) {
      throw preconditionFailed();
    }
  }

  /** Writes a dot of its own also where the manifest is there already, so that a delete at the same time does not take it away. */
  async #store(
    repository: RepositoryName,
    push: CheckedPush,
    intent: HeldIntent,
    o: CallOptions,
  ): Promise<Version | undefined> {
    const { parsed, digest, bytes } = push;
    const value = { mediaType: parsed.mediaType, sizeBytes: bytes.length };
    const updated = await updateObject(
      this.parts.store,
      keys.manifest(repository, digest),
      manifestCodec,
      (old) => {
        const register = old?.register ?? emptyRegister;
        const stored = liveValue(register);
        if (stored && stored.mediaType !== value.mediaType) {
          intent.dropOnFailure();
          throw otherType(stored.mediaType, value.mediaType);
        }
        intent.keepOnFailure();
        const written = writeRegister<typeof value>(register, this.parts.origin, this.#now(), value);
        return manifestObject(written, bytes, parsed.subject?.digest);
      },
      { signal: o.signal, probablyNew: true },
    );
    return updated?.version;
  }

  /** `false` when the manifest was deleted before. */
  async #delete(repository: RepositoryName, digest: Digest, intent: HeldIntent, o: WriteOptions): Promise<boolean> {
    intent.keepOnFailure();
    const key = keys.manifest(repository, digest);
    const written = await updateObject(this.parts.store, key, manifestCodec, (old) => this.#deleted(old));
    await this.#syncReferrers(repository, digest, written?.value.subject, o);
    const tags = await this.#deleteTags(repository, digest, intent, o);
    const isNew = written?.outcome === 'replaced';
    if (isNew || tags.length > 0) await this.#journal(repository, digest, tags, o);
    return isNew;
  }

  #deleted(old: ManifestObject | undefined): ManifestObject | undefined {
    if (!old || !liveValue(old.register)) return undefined;
    const register: ManifestRegister = writeRegister(old.register, this.parts.origin, this.#now(), undefined);
    return manifestObject(register, undefined, old.subject);
  }

  async #deleteTags(
    repository: RepositoryName,
    digest: Digest,
    intent: HeldIntent | undefined,
    o: WriteOptions,
  ): Promise<Tag[]> {
    const found = await this.parts.tags.naming(repository, digest, o);
    if (found.size === 0) return [];
    await intent?.addTags([...found.keys()]);
    // A push that came after the delete has brought the manifest back, and its tags with it: before the tags were looked for, which
    // shows in the manifest, or after, which shows in the tags.
    if (await this.#isLive(repository, digest, o)) return [];
    const deleted = await mapAtMost(TAGS_AT_ONCE, [...found], async ([tag, seen]) =>
      (await this.parts.tags.deleteUnchanged(repository, tag, seen, o)) ? [tag] : [],
    );
    return deleted.flat();
  }

  async #syncReferrers(
    repository: RepositoryName,
    digest: Digest,
    subject: Digest | undefined,
    o: CallOptions,
  ): Promise<void> {
    if (subject) await this.parts.referrers.sync(repository, subject, digest, o);
  }

  async #journal(
    repository: RepositoryName,
    digest: Digest | undefined,
    tags: Iterable<Tag>,
    o: WriteOptions,
  ): Promise<void> {
    const changes: Change[] = [...tags].map((tag) => ({ kind: 'tag', tag }));
    if (digest) changes.unshift({ kind: 'manifest', digest });
    if (changes.length > 0) await this.parts.journal.append(repository, changes, o);
  }

  #recallTarget(repository: RepositoryName, tag: Tag): TagTarget | undefined {
    const register = this.parts.tags.recall(repository, tag);
    return register && liveValue(register);
  }

  async #target(repository: RepositoryName, tag: Tag, o: CallOptions): Promise<TagTarget> {
    const register = await this.parts.tags.read(repository, tag, o);
    const target = register && liveValue(register);
    if (!target) throw unknown({ tag });
    return target;
  }

  /** @param written the version of a write that left it live: while the store knows by itself that it stands, nobody is asked */
  async #isLive(repository: RepositoryName, digest: Digest, o: CallOptions, written?: Version): Promise<boolean> {
    const key = keys.manifest(repository, digest);
    if (written !== undefined && this.parts.store.versionAtHand?.(key) === written) return true;
    const info = await this.parts.store.head(key, { signal: o.signal });
    return info !== undefined && isLiveLength(info.sizeBytes);
  }

  #now(): number {
    return (this.parts.clock ?? systemClock).now();
  }
}

/** What readers are shown of a manifest; `undefined` when it is deleted. */
function served(digest: Digest, { register, bytes }: ManifestObject): StoredManifest | undefined {
  const live = liveValue(register);
  return live && bytes && { digest, mediaType: live.mediaType, sizeBytes: live.sizeBytes, bytes };
}

/** One digest is served with one type: clients that hold the descriptor would take another type for another manifest. */
function otherType(stored: string, pushed: string): RegistryError {
  return new RegistryError(
    'MANIFEST_INVALID',
    `this manifest is stored here as ${stored}, and cannot be ${pushed} too`,
  );
}

function manifestObject(
  register: ManifestRegister,
  bytes: Buffer | undefined,
  subject: Digest | undefined,
): ManifestObject {
  const live = liveValue(register) !== undefined;
  return { register, ...(live && bytes && { bytes }), ...(subject && { subject }) };
}

function subjectIn(bytes: Buffer, register: ManifestRegister): Digest | undefined {
  return parseManifest(bytes, liveValue(register)?.mediaType).subject?.digest;
}

function unknown(reference: Reference): RegistryError {
  return new RegistryError('MANIFEST_UNKNOWN', 'this repository has no such manifest', { detail: reference });
}
