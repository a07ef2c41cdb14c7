export { exponentialBackoff, type Backoff } from './backoff.js';
export { BullQueue, type BullQueueOptions } from './bull-queue.js';
export { ChangeApplier, type ChangeApplierParts } from './change-applier.js';
export { Consumer, type Batch, type ConsumerParts } from './consumer.js';
export { BlobCopier } from './copy-blob.js';
export { DirtyRepositories, type DirtyRepositoriesParts } from './dirty-repositories.js';
export { DeadlinePassedError, isPermanent, MissingAtSourceError, NotYetError } from './failure.js';
export { InProcessQueue } from './in-process-queue.js';
export { jobId, parseJob, type Job } from './job.js';
export type { JobHandler, JobQueue, Outcome, QueueCounts, RunOptions } from './job-queue.js';
export {
  readHead,
  readSegment,
  readWatermark,
  type JournalHead,
  type Segment,
  type Watermark,
} from './journal-objects.js';
export { LagHistogram, type LagSummary } from './lag-histogram.js';
export { reasonOf, silentLog, type LogFacts, type ReplicationLog } from './log.js';
export { readReplicationStatus, type PeerStatus, type ReplicationStatus } from './replication-status.js';
export { Sequencer, type SequencerParts } from './sequencer.js';
export { SparseLog } from './sparse-log.js';
