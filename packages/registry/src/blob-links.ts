import type { Clock, Digest, RepositoryName } from '@atoll/core';
import {
  keys,
  type CallOptions,
  type ObjectStore,
  type OrderedPut,
  type ReadableStore,
  type Version,
} from '@atoll/storage';
import { z } from 'zod';
import { updateObject, type UpdateOptions } from './cas.js';
import { jsonCodec, readObject } from './json-object.js';

/**
 * That a repository may serve a blob. `condemned` means that a collector is about to decide; readers see no difference. `dead` is how
 * a store says deleted that cannot delete one version only (docs/adr/0010-deletion-without-conditional-delete.md).
 */
export interface BlobLink {
  readonly st: 'live' | 'condemned' | 'dead';
  /** When somebody last showed interest, in milliseconds since 1970: the start of the link's grace period. */
  readonly at: number;
}

const REFRESH_AFTER_MS = 12 * 60 * 60 * 1000;

export const linkCodec = jsonCodec<BlobLink>(
  z.object({ st: z.enum(['live', 'condemned', 'dead']), at: z.number().nonnegative() }),
);

export async function readLink(
  store: Pick<ReadableStore, 'get'>,
  repository: RepositoryName,
  digest: Digest,
  o: CallOptions = {},
): Promise<BlobLink | undefined> {
  return unlessDead((await readObject(store, keys.link(repository, digest), linkCodec, o))?.value);
}

export function unlessDead<T extends { readonly st: 'live' | 'condemned' | 'dead' }>(
  stored: T | undefined,
): T | undefined {
  return stored?.st === 'dead' ? undefined : stored;
}

/** The changes a link goes through, each a compare-and-swap (docs/adr/0001-key-layout.md). */
export class BlobLinks {
  constructor(
    private readonly store: Pick<ObjectStore, 'capabilities' | 'get' | 'put' | 'delete'>,
    private readonly clock: Clock,
  ) {}

  /** Makes the link, or saves it from a collector. One request when it is new, as it probably is unless it was found. */
  async ensure(
    repository: RepositoryName,
    digest: Digest,
    { probablyNew = true, ...o }: UpdateOptions = {},
  ): Promise<void> {
    await this.#change(repository, digest, (old) => (old === undefined || this.#aging(old) ? 'live' : undefined), {
      ...o,
      probablyNew,
    });
  }

  /** What {@link ensure} makes where there is none. */
  fresh(repository: RepositoryName, digest: Digest): OrderedPut {
    const body = linkCodec.encode({ st: 'live', at: this.clock.now() });
    return { key: keys.link(repository, digest), body, condition: { ifAbsent: true } };
  }

  /** Saves an existing link from a collector. `false` when there is none. One request when nobody is after it. */
  async rescue(repository: RepositoryName, digest: Digest, o: CallOptions = {}): Promise<boolean> {
    const kept = await this.#change(repository, digest, (old) => (old?.st === 'condemned' ? 'live' : undefined), o);
    return kept !== undefined;
  }

  /** As {@link rescue}, and starts the grace period again where much of it has passed. */
  async touch(repository: RepositoryName, digest: Digest, o: CallOptions = {}): Promise<boolean> {
    const kept = await this.#change(repository, digest, (old) => (old && this.#aging(old) ? 'live' : undefined), o);
    return kept !== undefined;
  }

  /**
   * Marks the link, so that whoever comes to rely on it has to write it. The answer is the version to delete by. A mark that another
   * has set serves as well: who came to rely on the link since has written it, and many that delete one blob do not undo each other's
   * marks. `undefined` when there is no link.
   */
  async condemn(repository: RepositoryName, digest: Digest, o: CallOptions = {}): Promise<Version | undefined> {
    const marked = await this.#change(repository, digest, (old) => (old?.st === 'live' ? 'condemned' : undefined), o);
    return marked?.version;
  }

  /** Takes the mark off again, whoever set it: a mark is only ever a question. */
  async acquit(repository: RepositoryName, digest: Digest, o: CallOptions = {}): Promise<void> {
    await this.rescue(repository, digest, o);
  }

  /** Removes the link if nobody wrote it since it was marked. */
  async remove(repository: RepositoryName, digest: Digest, ifVersion: Version, o: CallOptions = {}): Promise<boolean> {
    const key = keys.link(repository, digest);
    const { signal } = o;
    if (this.store.capabilities.conditionalDelete) {
      return (await this.store.delete(key, { ifVersion }, { signal })) !== 'conflict';
    }
    const dead = linkCodec.encode({ st: 'dead', at: this.clock.now() });
    return (await this.store.put(key, dead, { ifVersion }, { signal })) !== 'conflict';
  }

  /** What stands there afterwards; a dead link is no link, neither for `decide` nor in the answer. */
  async #change(
    repository: RepositoryName,
    digest: Digest,
    decide: (old: BlobLink | undefined) => BlobLink['st'] | undefined,
    o: CallOptions & { readonly probablyNew?: boolean },
  ) {
    const updated = await updateObject<BlobLink>(
      this.store,
      keys.link(repository, digest),
      linkCodec,
      (stored) => {
        const old = unlessDead(stored);
        const st = decide(old);
        // A condemned link keeps its age: being looked at by a collector is no interest in the blob.
        return st && { st, at: st === 'condemned' && old ? old.at : this.clock.now() };
      },
      o,
    );
    return updated && unlessDead(updated.value) && updated;
  }

  #aging(link: BlobLink): boolean {
    return link.st === 'condemned' || this.clock.now() - link.at > REFRESH_AFTER_MS;
  }
}
