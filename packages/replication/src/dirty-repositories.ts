import { isRepositoryName, systemClock, type Clock, type RepositoryName } from '@atoll/core';
import { listAll, RegionReader } from '@atoll/registry';
import { keys, type CallOptions, type ObjectStore, type ReadableStore, type Version } from '@atoll/storage';
import pLimit from 'p-limit';
import { exponentialBackoff, type Backoff } from './backoff.js';
import { dirtyMark, isDirtyMark } from './dirty-mark.js';
import { JOB_LIFETIME_MS, type Job } from './job.js';
import type { JobQueue } from './job-queue.js';

export interface DirtyRepositoriesParts {
  readonly source: string;
  /** This region's own. */
  readonly store: ObjectStore;
  readonly queue: JobQueue;
  readonly clock?: Clock;
  /** How long to wait for one round of comparisons; what takes longer goes on in the queue. */
  readonly waitMs?: number;
  readonly backoff?: Backoff;
  /** Told of every mark. */
  readonly onMark?: () => void;
}

interface Marker {
  readonly repository: RepositoryName;
  readonly version: Version;
}

const CALLS_AT_ONCE = 16;
const PAGE = 1000;
const AT_ONCE = 64;

/**
 * Repositories to be compared with a peer as a whole, because some change of theirs was not taken in when it came. Each is one small
 * object in this region's store, so that they outlive every queue, and there are never more of them than repositories.
 */
export class DirtyRepositories {
  readonly #parts: DirtyRepositoriesParts;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  /** Markers whose comparison did not succeed, and when to try again. */
  readonly #resting = new Map<RepositoryName, { version: Version; failures: number; untilMs: number }>();

  constructor(parts: DirtyRepositoriesParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    this.#backoff = parts.backoff ?? exponentialBackoff({ firstMs: 5000, mostMs: 10 * 60_000 });
  }

  /** Durable when it returns. Each mark is new, so that a comparison that began before it does not remove it. */
  async mark(repository: RepositoryName, reason: string, o: CallOptions = {}): Promise<void> {
    const { store, source } = this.#parts;
    const mark = dirtyMark(this.#clock.now(), reason);
    await store.put(keys.dirtyMarker(source, repository), mark, { blind: true }, { signal: o.signal });
    this.#parts.onMark?.();
  }

  /** Marks every repository that the peer has ever had. */
  async markAll(peer: ReadableStore, reason: string, o: CallOptions = {}): Promise<number> {
    const reader = new RegionReader(peer);
    const limit = pLimit(CALLS_AT_ONCE);
    let marked = 0;
    let after: string | undefined;
    for (;;) {
      const page = await reader.listRepositories({ after, limit: PAGE }, o);
      await limit.map(page.repositories, (repository) => this.mark(repository, reason, o));
      marked += page.repositories.length;
      after = page.repositories.at(-1);
      if (!page.more || after === undefined) return marked;
    }
  }

  /** Compares some of the marked repositories; answers how many are clean now. One listing when none is marked. */
  async step(o: CallOptions = {}): Promise<{ cleaned: number }> {
    const due = await this.#due(o);
    if (due.length === 0) return { cleaned: 0 };
    const jobs = due.map((marker) => this.#job(marker));
    const waitMs = this.#parts.waitMs ?? 60_000;
    const outcomes = await this.#parts.queue.run(jobs, { waitMs, signal: o.signal });
    let cleaned = 0;
    for (const [i, marker] of due.entries()) {
      if (outcomes[i] === 'done') {
        cleaned += 1;
        this.#resting.delete(marker.repository);
      } else this.#rest(marker);
    }
    return { cleaned };
  }

  async #due(o: CallOptions): Promise<Marker[]> {
    const due: Marker[] = [];
    const now = this.#clock.now();
    for await (const marker of listAll(this.#parts.store, keys.dirtyMarkers(this.#parts.source), o)) {
      const { key, version } = marker;
      const repository = repositoryIn(key, this.#parts.source);
      if (repository === undefined || !isDirtyMark(marker)) continue;
      const resting = this.#resting.get(repository);
      if (resting?.version === version && resting.untilMs > now) continue;
      due.push({ repository, version });
      if (due.length === AT_ONCE) break;
    }
    return due;
  }

  #rest({ repository, version }: Marker): void {
    const failures = (this.#resting.get(repository)?.failures ?? 0) + 1;
    this.#resting.set(repository, { version, failures, untilMs: this.#clock.now() + this.#backoff(failures) });
  }

  #job({ repository, version }: Marker): Job {
    return {
      kind: 'repository',
      source: this.#parts.source,
      repository,
      shard: 0,
      segment: 0,
      nonce: version,
      deadlineMs: this.#clock.now() + JOB_LIFETIME_MS,
    };
  }
}

/** `q/<region>/<hh>/<repository>!` */
function repositoryIn(key: string, source: string): RepositoryName | undefined {
  const name = key.slice(keys.dirtyMarkers(source).length + 3, -1);
  return key.endsWith('!') && isRepositoryName(name) ? name : undefined;
}
