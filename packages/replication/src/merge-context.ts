import type { Clock, Register, RepositoryName } from '@atoll/core';
import { isFromTheFuture, type RegionReader, type Registry } from '@atoll/registry';
import type { KeyedMutex } from '@atoll/storage';
import type { BlobCopier } from './copy-blob.js';
import { DeadlinePassedError, NotYetError } from './failure.js';
import type { ReplicationLog } from './log.js';

/** What one job merges with: one repository, from one peer into this region. */
export interface MergeContext {
  readonly repository: RepositoryName;
  readonly source: string;
  readonly reader: RegionReader;
  readonly registry: Registry;
  readonly copier: BlobCopier;
  /** One merge of a manifest at a time in this process, so that a tag's job waits for its manifest's instead of doing it twice. */
  readonly manifestMutex: KeyedMutex;
  readonly clock: Clock;
  readonly log: ReplicationLog;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  readonly requestId: string | undefined;
}

/**
 * To be called before every write: a job that was held up for a day may have read what has been deleted and forgotten since.
 * @throws DeadlinePassedError
 */
export function checkDeadline({ clock, deadlineMs, signal }: MergeContext): void {
  signal.throwIfAborted();
  if (clock.now() > deadlineMs) throw new DeadlinePassedError('the job is too old to write');
}

/** A time far ahead would win against every honest write for as long as it is ahead. @throws NotYetError */
export function refuseFuture(context: MergeContext, name: string, register: Register<unknown>): void {
  if (!isFromTheFuture(register, context.clock.now())) return;
  const { log, source, repository } = context;
  log.warn('change parked, its time is in the future', { source, repository, name });
  throw new NotYetError(`${name} was written at a time that is still to come`);
}

export function optionsOf({ signal, requestId }: MergeContext): { signal: AbortSignal; requestId: string | undefined } {
  return { signal, requestId };
}
