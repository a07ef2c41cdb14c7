import type { RepositoryName } from '@atoll/core';
import { LRUCache } from 'lru-cache';

const KEPT_CHARACTERS = 2_000_000;
// What an entry takes beside its texts, roughly.
const ENTRY_CHARACTERS = 200;

/** How the keys of one kind begin in a repository. Each takes a hash of the name to make, and one name is asked for again and again. */
export class RepositoryPrefixes {
  readonly #known = new LRUCache<RepositoryName, string>({
    maxSize: KEPT_CHARACTERS,
    sizeCalculation: (prefix, name) => prefix.length + name.length + ENTRY_CHARACTERS,
  });

  constructor(private readonly make: (name: RepositoryName) => string) {}

  of(name: RepositoryName): string {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const prefix = this.make(name);
    this.#known.set(name, prefix);
    return prefix;
  }
}
