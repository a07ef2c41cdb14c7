import { systemClock, type Clock, type Digest, type RepositoryName, type Tag } from '@atoll/core';
import { keys, type CallOptions, type ObjectStore } from '@atoll/storage';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import { Ulids } from './ulids.js';
import { z } from 'zod';
import { digestField, tagField } from './fields.js';
import { jsonCodec, readObject } from './json-object.js';
import { listAll, LIST_LIMIT } from './listing.js';
import type { Catalog } from './catalog.js';
import type { WriteOptions } from './write-options.js';

const READS_AT_ONCE = 32;
const REPOSITORIES_AT_ONCE = 8;
const REMEMBERED_SETTLED = 10_000;
const REMEMBERED_FAILED = 10_000;

/** What a change in progress is about to name, so that no collector takes it away and no crash hides it. */
export interface IntentNames {
  /** Everything that has to stay: blobs, and the manifest itself. */
  readonly digests: readonly Digest[];
  /** Manifests that an index names. */
  readonly children: readonly Digest[];
  readonly tags?: readonly Tag[];
  /** The manifest that is being written or deleted. Without it there is nothing to settle after a crash but tags. */
  readonly manifest?: Digest;
}

export interface Intent extends IntentNames {
  readonly tags: readonly Tag[];
  readonly requestId?: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** An intent while its task runs. */
export interface HeldIntent {
  /** From here on something may have been written: should the task fail, the intent stays, and is settled later. */
  keepOnFailure(): void;
  /** Takes that back: it is certain that nothing was written. */
  dropOnFailure(): void;
  /** Returns when the intent durably names these tags too. */
  addTags(tags: readonly Tag[]): Promise<void>;
}

/** Completes what a change that died left behind, and journals it. Repeats do no harm. */
export type Settle = (repository: RepositoryName, intent: Intent, o: WriteOptions) => Promise<void>;

export interface IntentsParts {
  readonly store: Pick<ObjectStore, 'get' | 'put' | 'delete' | 'list'>;
  readonly catalog: Pick<Catalog, 'list'>;
  readonly settle: Settle;
  readonly clock?: Clock;
  /** Told of an intent that could not be deleted; it is settled and deleted later. */
  readonly onLeftBehind?: (cause: unknown) => void;
}

/** How many intents a look at all of them found, each in one of these states. */
export interface ResolvedIntents {
  /** Settled and removed. */
  readonly resolved: number;
  /** Settled for the first time by this process, and left as the pin that a change may still need. */
  readonly settled: number;
  /** Of changes that are probably in progress. */
  readonly young: number;
}

const intentCodec = jsonCodec<Intent>(
  z.object({
    digests: z.array(digestField),
    children: z.array(digestField),
    tags: z.array(tagField),
    manifest: digestField.exactOptional(),
    requestId: z.string().exactOptional(),
    at: z.int().nonnegative(),
  }),
);

/**
 * Written before a change looks at what it is about to name and removed after the change is complete. A collector marks first and
 * lists intents after, so that one of the two always sees the other, without locks and whatever stalls.
 */
export class Intents {
  /** Intents whose change is complete and whose removal is under way: they pin nothing any more. */
  readonly #ended = new Map<string, Promise<void>>();

  readonly #settled = new LRUCache<string, true>({ max: REMEMBERED_SETTLED });
  /** Of changes that failed here after they may have written something, and have ended. */
  readonly #failed = new LRUCache<string, { repository: RepositoryName; intent: Intent }>({ max: REMEMBERED_FAILED });
  readonly #ulids = new Ulids();

  constructor(private readonly parts: IntentsParts) {}

  /**
   * Runs `task` under an intent. Its removal is not waited for; {@link idle} waits. When `task` fails the intent goes as well, unless
   * the task has said that something may have been written.
   */
  async hold<T>(
    repository: RepositoryName,
    names: IntentNames,
    task: (held: HeldIntent) => Promise<T>,
    o: WriteOptions = {},
  ): Promise<T> {
    const at = this.#clock.now();
    const key = keys.intent(repository, this.#ulids.next(at));
    const { requestId } = o;
    let intent: Intent = { ...names, tags: names.tags ?? [], at, ...(requestId !== undefined && { requestId }) };
    let keep = false;
    const how = { signal: o.signal, shortLived: true };
    const write = () => this.parts.store.put(key, intentCodec.encode(intent), { blind: true }, how);
    await write();
    try {
      const result = await task({
        keepOnFailure: () => {
          keep = true;
        },
        dropOnFailure: () => {
          keep = false;
        },
        addTags: async (tags) => {
          intent = { ...intent, tags: [...intent.tags, ...tags] };
          await write();
        },
      });
      this.#deleteLater(key);
      return result;
    } catch (cause) {
      if (keep) this.#failed.set(key, { repository, intent });
      else this.#deleteLater(key);
      throw cause;
    }
  }

  /** Every intent of the repository that stands throughout the call. */
  async listLive(repository: RepositoryName, o: CallOptions = {}): Promise<Intent[]> {
    const found = await this.#read(repository, o);
    return found.map(({ intent }) => intent);
  }

  /**
   * Settles what changes older than `olderThanMs` left behind when their process died, and removes their intents. The age is far above
   * the longest request, so that no change still in progress loses its intent. Those older than `settleOlderThanMs` are settled and
   * stay: that does no harm to a change in progress, and other regions hear of what a dead one has written.
   */
  async resolve(
    olderThanMs: number,
    { settleOlderThanMs = olderThanMs, ...o }: CallOptions & { readonly settleOlderThanMs?: number } = {},
  ): Promise<ResolvedIntents> {
    const limit = pLimit(REPOSITORIES_AT_ONCE);
    const now = this.#clock.now();
    const before = { removed: now - olderThanMs, settled: now - settleOlderThanMs };
    let sum: ResolvedIntents = { resolved: 0, settled: 0, young: 0 };
    let after: string | undefined;
    for (;;) {
      const page = await this.parts.catalog.list({ after, limit: LIST_LIMIT }, o);
      const counts = await limit.map(page.repositories, (name) => this.#resolveOne(name, before, o));
      sum = [sum, ...counts].reduce(sumOf);
      after = page.next;
      if (after === undefined) return sum;
    }
  }

  /**
   * Settles what changes left behind that failed in this process, as when it was cut off from the store. Their intents stay: a write of
   * theirs whose answer never came may still arrive there.
   * @throws what the store throws; what is left is tried again with the next call
   */
  async settleFailed(o: CallOptions = {}): Promise<{ settled: number }> {
    let settled = 0;
    for (const [key, { repository, intent }] of [...this.#failed.entries()].reverse()) {
      await this.#settle(repository, intent, o);
      this.#failed.delete(key);
      settled += 1;
    }
    return { settled };
  }

  /** Resolves when no intent's removal is under way: before a process ends, and in tests. */
  async idle(): Promise<void> {
    while (this.#ended.size > 0) await Promise.all(this.#ended.values());
  }

  async #resolveOne(
    repository: RepositoryName,
    before: { readonly removed: number; readonly settled: number },
    o: CallOptions,
  ): Promise<ResolvedIntents> {
    const all = await this.#read(repository, o);
    const old = all.filter(({ intent }) => intent.at <= before.removed);
    for (const { key, intent } of old) {
      await this.#settle(repository, intent, o);
      await this.parts.store.delete(key, { blind: true }, { signal: o.signal });
    }
    const stale = all.filter(({ intent }) => intent.at > before.removed && intent.at <= before.settled);
    const unsettled = stale.filter(({ key }) => !this.#settled.has(key));
    for (const { key, intent } of unsettled) {
      await this.#settle(repository, intent, o);
      this.#settled.set(key, true);
    }
    return { resolved: old.length, settled: unsettled.length, young: all.length - old.length - stale.length };
  }

  #settle(repository: RepositoryName, intent: Intent, { signal }: CallOptions): Promise<void> {
    return this.parts.settle(repository, intent, { signal, requestId: intent.requestId });
  }

  async #read(repository: RepositoryName, o: CallOptions): Promise<{ key: string; intent: Intent }[]> {
    const live: string[] = [];
    for await (const { key } of listAll(this.parts.store, keys.intentsOf(repository), o)) {
      if (!this.#ended.has(key)) live.push(key);
    }
    const found = await pLimit(READS_AT_ONCE).map(live, async (key) => {
      const object = await readObject(this.parts.store, key, intentCodec, o);
      return object ? [{ key, intent: object.value }] : [];
    });
    return found.flat();
  }

  /** Without the caller's signal: the caller has its answer and may be gone. */
  #deleteLater(key: string): void {
    const deletion = this.parts.store
      .delete(key, { blind: true })
      .then(
        () => undefined,
        (cause: unknown) => this.parts.onLeftBehind?.(cause),
      )
      .finally(() => this.#ended.delete(key));
    this.#ended.set(key, deletion);
  }

  get #clock(): Clock {
    return this.parts.clock ?? systemClock;
  }
}

function sumOf(one: ResolvedIntents, other: ResolvedIntents): ResolvedIntents {
  return {
    resolved: one.resolved + other.resolved,
    settled: one.settled + other.settled,
    young: one.young + other.young,
  };
}
