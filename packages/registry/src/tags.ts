import {
  emptyRegister,
  isTag,
  joinRegisters,
  liveValue,
  RegistryError,
  sameRegister,
  systemClock,
  writeRegister,
  type Clock,
  type Digest,
  type Origin,
  type RepositoryName,
  type Tag,
} from '@atoll/core';
import { keys, type CallOptions, type ObjectStore } from '@atoll/storage';
import type { Catalog } from './catalog.js';
import { updateObject } from './cas.js';
import { DecodedObjects } from './decoded-objects.js';
import type { Intents } from './intents.js';
import type { Journal } from './journal.js';
import { listAll, listNames, type NamePage, type NameSpace } from './listing.js';
import { mapAtMost } from './map-at-most.js';
import { preconditionFailed, type Precondition } from './precondition.js';
import { mayNameDigest, tagCodec, type TagRegister, type TagTarget } from './register-object.js';
import { RepositoryPrefixes } from './repository-prefixes.js';
import { withoutSignal, type WriteOptions } from './write-options.js';

const READS_AT_ONCE = 32;
const DECODED_BYTES = 4 * 1_048_576;
const always: Precondition = () => true;

export interface TagsParts {
  readonly store: Pick<ObjectStore, 'get' | 'versionAtHand' | 'put' | 'list'>;
  readonly origin: Origin;
  readonly catalog: Pick<Catalog, 'has' | 'ensure'>;
  readonly intents: Pick<Intents, 'hold'>;
  readonly journal: Pick<Journal, 'append'>;
  readonly clock?: Clock;
}

export function tagNames(repository: RepositoryName): NameSpace<Tag> {
  const prefix = keys.tagsOf(repository);
  return {
    prefix,
    isName: isTag,
    keyOf: (tag) => keys.tag(repository, tag),
    nameOf: (key) => {
      const name = key.slice(prefix.length);
      return isTag(name) ? name : undefined;
    },
  };
}

/** The tags of repositories: each a register of its own (docs/adr/0002-register.md). */
export class Tags {
  readonly #objects: DecodedObjects<TagRegister>;
  readonly #prefixes = new RepositoryPrefixes(keys.tagsOf);

  constructor(private readonly parts: TagsParts) {
    this.#objects = new DecodedObjects(parts.store, tagCodec, DECODED_BYTES);
  }

  read(repository: RepositoryName, tag: Tag, o: CallOptions = {}): Promise<TagRegister | undefined> {
    return this.#objects.read(this.#prefixes.of(repository) + tag, o);
  }

  /** As {@link read}, where nobody needs to be asked; `undefined` tells nothing. */
  recall(repository: RepositoryName, tag: Tag): TagRegister | undefined {
    return this.#objects.recall(this.#prefixes.of(repository) + tag);
  }

  /**
   * One page in byte order, and what the next one begins after; one listing per thousand tags, ten at most.
   * @throws RegistryError NAME_UNKNOWN
   */
  async list(
    repository: RepositoryName,
    page: NamePage,
    o: CallOptions = {},
  ): Promise<{ tags: Tag[]; next: string | undefined }> {
    const none = { names: [], next: undefined, any: false };
    const found = page.limit > 0 ? await listNames(this.parts.store, tagNames(repository), page, o) : none;
    if (!found.any && !(await this.parts.catalog.has(repository, o))) {
      throw new RegistryError('NAME_UNKNOWN', 'this registry has no such repository', { detail: { name: repository } });
    }
    return { tags: found.names, next: found.next };
  }

  /** Moves the tag, whatever it names now. The caller holds an intent that names it, and journals it. */
  async set(repository: RepositoryName, tag: Tag, target: TagTarget, o: WriteOptions = {}): Promise<void> {
    await this.setIf(repository, tag, target, () => true, o);
  }

  /**
   * As {@link set}, while `condition` holds for what stands there: compare-and-swap. Answers what was written, and `undefined` when
   * nothing was. `condition` must be pure.
   */
  async setIf(
    repository: RepositoryName,
    tag: Tag,
    target: TagTarget,
    condition: (old: TagRegister | undefined) => boolean,
    o: WriteOptions = {},
  ): Promise<TagRegister | undefined> {
    const move = (old: TagRegister | undefined) => (condition(old) ? this.#write(old, target) : undefined);
    const updated = await this.#update(repository, tag, move, o);
    return updated?.outcome === 'unchanged' ? undefined : updated?.value;
  }

  /**
   * @param onlyIf is asked again at the moment of the change
   * @throws RegistryError MANIFEST_UNKNOWN when there is no such tag, PRECONDITION_FAILED
   */
  async delete(
    repository: RepositoryName,
    tag: Tag,
    { onlyIf = always, ...o }: WriteOptions & { readonly onlyIf?: Precondition | undefined } = {},
  ): Promise<void> {
    const found = await this.read(repository, tag, o);
    const target = found && liveValue(found);
    if (target && !onlyIf(target.digest)) throw preconditionFailed();
    const gone = target && (await this.#deleteHeld(repository, tag, onlyIf, o));
    if (!gone) throw new RegistryError('MANIFEST_UNKNOWN', 'this repository has no such tag', { detail: { tag } });
  }

  /**
   * Deletes the tag only while nobody has written it since it was `seen`, also with the same digest. The caller holds an intent that
   * names it, and journals it.
   */
  async deleteUnchanged(
    repository: RepositoryName,
    tag: Tag,
    seen: TagRegister,
    o: WriteOptions = {},
  ): Promise<boolean> {
    return this.#remove(repository, tag, (register) => sameRegister(register, seen), o);
  }

  /**
   * The live tags that name `digest`, and how they were seen: lists every tag of the repository, and reads those whose length does not
   * rule it out.
   */
  async naming(repository: RepositoryName, digest: Digest, o: CallOptions = {}): Promise<Map<Tag, TagRegister>> {
    const { nameOf, prefix } = tagNames(repository);
    const likely: Tag[] = [];
    for await (const { key, sizeBytes } of listAll(this.parts.store, prefix, o)) {
      const tag = nameOf(key);
      if (tag !== undefined && mayNameDigest(sizeBytes, digest)) likely.push(tag);
    }
    const found = await mapAtMost(READS_AT_ONCE, likely, async (tag) => {
      const register = await this.read(repository, tag, o);
      return register && liveValue(register)?.digest === digest ? [[tag, register] as const] : [];
    });
    return new Map(found.flat());
  }

  /** Takes in the state of another region, which stays its own and is not journaled. Repeats and any order do no harm. */
  async merge(
    repository: RepositoryName,
    tag: Tag,
    remote: TagRegister,
    o: WriteOptions = {},
  ): Promise<'unchanged' | 'merged' | 'created'> {
    await this.parts.catalog.ensure(repository, o);
    const join = (old: TagRegister | undefined) => {
      const joined = joinRegisters(old ?? emptyRegister, remote);
      return old && sameRegister(old, joined) ? undefined : joined;
    };
    const updated = await this.#update(repository, tag, join, o);
    return updated?.outcome === 'replaced' ? 'merged' : (updated?.outcome ?? 'unchanged');
  }

  async #deleteHeld(repository: RepositoryName, tag: Tag, onlyIf: Precondition, o: WriteOptions): Promise<boolean> {
    const names = { digests: [], children: [], tags: [tag] };
    return this.parts.intents.hold(
      repository,
      names,
      async (intent) => {
        intent.keepOnFailure();
        const committed = withoutSignal(o);
        const condition = (register: TagRegister): boolean => {
          if (onlyIf(liveValue(register)?.digest)) return true;
          intent.dropOnFailure();
          throw preconditionFailed();
        };
        const deleted = await this.#remove(repository, tag, condition, committed);
        if (deleted) await this.parts.journal.append(repository, [{ kind: 'tag', tag }], committed);
        return deleted;
      },
      o,
    );
  }

  async #remove(
    repository: RepositoryName,
    tag: Tag,
    condition: (register: TagRegister) => boolean,
    o: CallOptions,
  ): Promise<boolean> {
    const remove = (old: TagRegister | undefined) => {
      const isLive = old && liveValue(old) !== undefined;
      return isLive && condition(old) ? this.#write(old, undefined) : undefined;
    };
    const updated = await this.#update(repository, tag, remove, o);
    return updated?.outcome === 'replaced';
  }

  #update(
    repository: RepositoryName,
    tag: Tag,
    change: (old: TagRegister | undefined) => TagRegister | undefined,
    o: CallOptions,
  ) {
    return updateObject(this.parts.store, keys.tag(repository, tag), tagCodec, change, { signal: o.signal });
  }

  #write(old: TagRegister | undefined, target: TagTarget | undefined): TagRegister {
    const now = (this.parts.clock ?? systemClock).now();
    return writeRegister<TagTarget>(old ?? emptyRegister, this.parts.origin, now, target);
  }
}
