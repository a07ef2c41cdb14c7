import { systemClock, type Clock, type Digest, type RepositoryName, type Tag } from '@atoll/core';
import { keys, type CallOptions, type ObjectStore } from '@atoll/storage';
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
    const write = () => this.parts.store.put(key, intentCodec.encode(intent), { blind: true }, { signal: o.signal });
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
      if (!keep) this.#deleteLater(key);
      throw cause;
    }
  }

  /** Every intent of the repository that stands throughout the call. */
  async listLive(repository: RepositoryName, o: CallOptions = {}): Promise<Intent[]> {
    const found = await this.#read(repository, o);
    return found.map(({ intent }) => intent);
  }

  /**
   * Settles what changes older than `olderThanMs` left behind when their process died. The age is far above the longest request, so
   * that no change still in progress loses its intent.
   */
  async resolve(olderThanMs: number, o: CallOptions = {}): Promise<{ resolved: number }> {
    const limit = pLimit(REPOSITORIES_AT_ONCE);
    const before = this.#clock.now() - olderThanMs;
    let resolved = 0;
    let after: string | undefined;
    for (;;) {
      const page = await this.parts.catalog.list({ after, limit: LIST_LIMIT }, o);
      const counts = await limit.map(page.repositories, (name) => this.#resolveOne(name, before, o));
      for (const count of counts) resolved += count;
      after = page.next;
      if (after === undefined) return { resolved };
    }
  }

  /** Resolves when no intent's removal is under way: before a process ends, and in tests. */
  async idle(): Promise<void> {
    while (this.#ended.size > 0) await Promise.all(this.#ended.values());
  }

  async #resolveOne(repository: RepositoryName, before: number, o: CallOptions): Promise<number> {
    const old = (await this.#read(repository, o)).filter(({ intent }) => intent.at <= before);
    for (const { key, intent } of old) {
      await this.parts.settle(repository, intent, { signal: o.signal, requestId: intent.requestId });
      await this.parts.store.delete(key, { blind: true }, { signal: o.signal });
    }
    return old.length;
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
