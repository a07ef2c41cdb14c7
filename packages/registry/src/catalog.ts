import {
  emptyRegister,
  isRepositoryName,
  liveValue,
  systemClock,
  writeRegister,
  type Clock,
  type Origin,
  type RepositoryName,
} from '@atoll/core';
import { keys, nameInMarker, type CallOptions, type ObjectStore } from '@atoll/storage';
import { LRUCache } from 'lru-cache';
import { updateObject } from './cas.js';
import { readObject } from './json-object.js';
import { listNames, type NamePage, type NameSpace } from './listing.js';
import { markerCodec } from './register-object.js';

const KNOWN_NAMES = 10_000;

export const repositoryNames: NameSpace<RepositoryName> = {
  prefix: keys.catalog,
  isName: isRepositoryName,
  keyOf: keys.catalogMarker,
  nameOf: (key) => {
    const name = nameInMarker(key, keys.catalog);
    return name !== undefined && isRepositoryName(name) ? name : undefined;
  },
};

/** Which repositories exist: each has a marker since something was first pushed to it. */
export class Catalog {
  readonly #known = new LRUCache<RepositoryName, true>({ max: KNOWN_NAMES });

  constructor(
    private readonly store: Pick<ObjectStore, 'get' | 'put' | 'list'>,
    private readonly origin: Origin,
    private readonly clock: Clock = systemClock,
  ) {}

  /** One page in byte order, and what the next one begins after; one listing per thousand names, ten at most. */
  async list(
    page: NamePage,
    o: CallOptions = {},
  ): Promise<{ repositories: RepositoryName[]; next: string | undefined }> {
    if (page.limit <= 0) return { repositories: [], next: undefined };
    const { names, next } = await listNames(this.store, repositoryNames, page, o);
    return { repositories: names, next };
  }

  /** Asks the store once for a name that exists, then never again while the name is remembered. */
  async has(name: RepositoryName, o: CallOptions = {}): Promise<boolean> {
    if (this.#known.get(name)) return true;
    const marker = await readObject(this.store, keys.catalogMarker(name), markerCodec, o);
    const exists = marker !== undefined && liveValue(marker.value) === true;
    if (exists) this.#known.set(name, true);
    return exists;
  }

  /** Sees to it that the repository exists. Costs nothing for a name that this process knows. */
  async ensure(name: RepositoryName, o: CallOptions = {}): Promise<void> {
    if (this.#known.get(name)) return;
    await updateObject(
      this.store,
      keys.catalogMarker(name),
      markerCodec,
      (old = emptyRegister) =>
        liveValue(old) ? undefined : writeRegister<true>(old, this.origin, this.clock.now(), true),
      { signal: o.signal },
    );
    this.#known.set(name, true);
  }
}
