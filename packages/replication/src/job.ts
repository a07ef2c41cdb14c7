import { createHash } from 'node:crypto';
import { isDigest, isRepositoryName, isTag, type Digest, type RepositoryName, type Tag } from '@atoll/core';
import { z } from 'zod';

/** A job that has not begun every write by then writes no more: far less than a tombstone's life (docs/adr/0003-journal.md). */
export const JOB_LIFETIME_MS = 24 * 60 * 60 * 1000;

const common = {
  /** The region that says something changed. */
  source: z.string().min(1),
  repository: z.custom<RepositoryName>((value) => typeof value === 'string' && isRepositoryName(value)),
  shard: z.number().int().nonnegative(),
  segment: z.number().int().nonnegative(),
  /** Tells apart equal numbers of two journals: the segment's or the dirty marker's nonce. */
  nonce: z.string(),
  /** Milliseconds since 1970, checked before every write. */
  deadlineMs: z.number().int().positive(),
  /** When the change was acknowledged at the source, for measuring lag. */
  acknowledgedAtMs: z.number().optional(),
  /** The request that made the change, for following one push through all regions. */
  requestId: z.string().optional(),
};

const jobSchema = z.discriminatedUnion('kind', [
  z.object({
    ...common,
    kind: z.literal('tag'),
    tag: z.custom<Tag>((value) => typeof value === 'string' && isTag(value)),
  }),
  z.object({
    ...common,
    kind: z.literal('manifest'),
    digest: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value)),
  }),
  z.object({ ...common, kind: z.literal('repository') }),
]);

/** "This name may have changed at `source`": whoever runs it merges the source's state of that moment, so repeats are harmless. */
export type Job = z.infer<typeof jobSchema>;

/** Reads a job that a queue kept as JSON. @throws ZodError */
export function parseJob(data: unknown): Job {
  return jobSchema.parse(data);
}

/**
 * One id per change and segment: an event that arrives while an older job of the same name is active is a job of its own, while
 * the same segment read twice adds nothing. BullMQ refuses ':' in ids and takes all-digit ones for its own.
 */
export function jobId(job: Job): string {
  const name = job.kind === 'tag' ? job.tag : job.kind === 'manifest' ? job.digest : '';
  const identity = JSON.stringify([job.kind, job.source, job.repository, name, job.nonce]);
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 32);
  return `j${hash}-${job.shard}-${job.segment}`;
}

/** 1 is first. Names that just changed go before comparing whole repositories. */
export function priorityOf(job: Job): number {
  return job.kind === 'repository' ? 8 : job.kind === 'manifest' ? 2 : 3;
}
