import type { Change, JournalEntry } from '@atoll/registry';
import { JOB_LIFETIME_MS, type Job } from './job.js';
import type { Segment } from './journal-objects.js';

export interface NumberedSegment {
  readonly number: number;
  readonly segment: Segment;
}

/**
 * One job per name that changed in the segments, however often it changed: it merges what the name is now. It carries the last
 * segment's number, so that the id is new, and the first acknowledgement, so that lag is not flattered.
 */
export function jobsOf(
  segments: readonly NumberedSegment[],
  o: { readonly source: string; readonly shard: number; readonly now: number },
): Job[] {
  const jobs = new Map<string, Job>();
  for (const { number, segment } of segments) {
    for (const entry of segment.entries) {
      for (const change of entry.changes) {
        const name = JSON.stringify([entry.repository, change]);
        const acknowledgedAtMs = jobs.get(name)?.acknowledgedAtMs ?? entry.at;
        jobs.set(name, { ...jobOf(entry, change, { ...o, number, nonce: segment.n }), acknowledgedAtMs });
      }
    }
  }
  return [...jobs.values()];
}

function jobOf(
  entry: JournalEntry,
  change: Change,
  o: { source: string; shard: number; now: number; number: number; nonce: string },
): Job {
  const { repository, requestId } = entry;
  return {
    ...change,
    source: o.source,
    repository,
    shard: o.shard,
    segment: o.number,
    nonce: o.nonce,
    deadlineMs: o.now + JOB_LIFETIME_MS,
    ...(requestId !== undefined && { requestId }),
  };
}
