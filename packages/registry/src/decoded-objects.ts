import type { CallOptions, ObjectStore, Version } from '@atoll/storage';
import { LRUCache } from 'lru-cache';
import type { Codec } from './json-object.js';
import { ownMemory } from './own-memory.js';

interface Decoded<T> {
  readonly version: Version;
  readonly value: T;
}

// What an entry takes beside its key and body, roughly: the decoded value and its place in the cache.
const ENTRY_BYTES = 1000;

/**
 * Objects that are read again and again. Every read asks the store, so that what is answered is what is there now; only decoding is
 * saved, where the version is the one that was decoded before. A value may be handed out many times: nobody changes it.
 */
export class DecodedObjects<T> {
  readonly #decoded: LRUCache<string, Decoded<T>>;

  constructor(
    private readonly store: Pick<ObjectStore, 'get' | 'versionAtHand'>,
    private readonly codec: Pick<Codec<T>, 'decode'>,
    maxBytes: number,
  ) {
    this.#decoded = new LRUCache({ maxSize: maxBytes });
  }

  /** The value at `key` as it is now, where nobody needs to be asked for it; `undefined` tells nothing. */
  recall(key: string): T | undefined {
    const version = this.store.versionAtHand?.(key);
    if (version === undefined) return undefined;
    const known = this.#decoded.get(key);
    return known?.version === version ? known.value : undefined;
  }

  /** The value at `key` as it is now. @throws StorageError corrupt */
  async read(key: string, { signal }: CallOptions = {}): Promise<T | undefined> {
    const found = await this.store.get(key, { signal });
    if (found === undefined) return undefined;
    const { info } = found;
    const known = this.#decoded.get(key);
    if (known?.version === info.version) return known.value;
    const { body } = found;
    const value = this.codec.decode(ownMemory(body), key);
    this.#decoded.set(key, { version: info.version, value }, { size: key.length + body.length + ENTRY_BYTES });
    return value;
  }
}
