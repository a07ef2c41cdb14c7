import { hash } from 'node:crypto';
import {
  nextHybridTime,
  systemClock,
  type Clock,
  type Digest,
  type HybridTime,
  type RepositoryName,
  type Tag,
} from '@atoll/core';
import { keys, type ObjectStore } from '@atoll/storage';
import { Ulids } from './ulids.js';
import { z } from 'zod';
import { digestField, repositoryField, tagField, timeField } from './fields.js';
import { decodeJson, encodeJson } from './json-object.js';
import type { RegionIdentity } from './region.js';
import type { WriteOptions } from './write-options.js';

/** A name whose state changed; what it changed to is read where the name is. */
export type Change =
  { readonly kind: 'manifest'; readonly digest: Digest } | { readonly kind: 'tag'; readonly tag: Tag };

export interface JournalEntry {
  readonly repository: RepositoryName;
  readonly changes: readonly Change[];
  readonly time: HybridTime;
  readonly requestId?: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** An entry as it stands in raw objects and in sealed segments. */
export const journalEntrySchema: z.ZodType<JournalEntry> = z.object({
  repository: repositoryField,
  changes: z.array(
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('manifest'), digest: digestField }),
      z.object({ kind: z.literal('tag'), tag: tagField }),
    ]),
  ),
  time: timeField,
  requestId: z.string().exactOptional(),
  at: z.int().nonnegative(),
});

/** The journal that names a repository's changes, so that one reader sees all of them. */
export function shardOf(name: RepositoryName, shards: number): number {
  return Number.parseInt(hash('sha256', name, 'hex').slice(0, 8), 16) % shards;
}

/** The changes of this region, which the others follow (docs/adr/0003-journal.md). */
export class Journal {
  readonly #listeners = new Set<() => void>();

  readonly #ulids = new Ulids();

  constructor(
    private readonly store: Pick<ObjectStore, 'put'>,
    private readonly identity: Pick<RegionIdentity, 'shards'>,
    private readonly clock: Clock = systemClock,
  ) {}

  /** Returns when the entry is durable: a change is acknowledged after this. A repeat is a second entry, which does no harm. */
  async append(repository: RepositoryName, changes: readonly Change[], o: WriteOptions = {}): Promise<void> {
    const at = this.clock.now();
    const entry: JournalEntry = {
      repository,
      changes,
      time: nextHybridTime(at, []),
      ...(o.requestId !== undefined && { requestId: o.requestId }),
      at,
    };
    const key = keys.rawEntry(shardOf(repository, this.identity.shards), this.#ulids.next(at));
    await this.store.put(key, encodeJson(entry), { blind: true }, { signal: o.signal });
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener`, which must not throw, after each durable entry of this process. Answers how to stop it. */
  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @throws StorageError corrupt */
  static parseEntry(body: Uint8Array, key: string): JournalEntry {
    return decodeJson(journalEntrySchema, body, key);
  }
}
