export { asFound } from './as-found.js';
export { Attempts, USUAL_RETRIES, type RetryPlan } from './attempts.js';
export { createBucketAgent, type ProxyNames } from './bucket-agent.js';
export { BucketStore, type BucketParts, type DataObjects } from './bucket-store.js';
export { faultOfEndpointQuery, faultOfPrefix, prefixOf, segmentsOf } from './bucket-url.js';
export { BufferPool } from './buffer-pool.js';
export { checkPartNumber } from './check-part-number.js';
export { ClockGuard } from './clock-guard.js';
export { countCalls, type CallCounter } from './count-calls.js';
export { cutInto } from './cut-into.js';
export { DataInParts, type PartRequests } from './data-in-parts.js';
export { encodePath, encodeQuery, encodeStrictly } from './encode-url.js';
export {
  examineCopy,
  examinePeer,
  examineSettings,
  examineStore,
  inTime,
  proveUploads,
  type ExamineOptions,
  type Finding,
} from './examine-store.js';
export { faulty, type Fault } from './faulty.js';
export { findSource } from './find-source.js';
export { giveBack } from './give-back.js';
export { holdSmall, type HeldData } from './hold-small.js';
export { interceptStore, type Interceptor, type StoreOperation } from './intercept-store.js';
export { digestInKey, digestPath, keys, nameInMarker } from './key-layout.js';
export { compareKeys, lowerBound } from './key-order.js';
export { KeyedMutex } from './keyed-mutex.js';
export { canLend, type LendingBody } from './lending-body.js';
export { MemoryStore, type MemoryStoreOptions } from './memory-store.js';
export {
  driverOf,
  type BucketSetting,
  type CallOptions,
  type Capabilities,
  type ChunkFile,
  type Chunks,
  type DeleteCondition,
  type DeleteOutcome,
  type Json,
  type Listed,
  type ListOptions,
  type ObjectInfo,
  type ObjectStore,
  type OrderedPut,
  type PartPlace,
  type PartReceipt,
  type PutCondition,
  type PutOptions,
  type PutOutcome,
  type ReadableStore,
  type Version,
} from './object-store.js';
export { openResumed, orBehindEnd, type OpenedObject } from './open-resumed.js';
export { PartTurns } from './part-turns.js';
export { probeStore, type ProbeFindings } from './probe-store.js';
export { readAtMost, readExactly } from './read-exactly.js';
export {
  RequestFailure,
  retryAfterMs,
  storageErrorOf,
  systemCodeOf,
  type FailureFacts,
  type Meaning,
  type Outcome,
} from './request-failure.js';
export type { ByteRange } from './resumed-body.js';
export {
  concernsPrefix,
  lifecycleSetting,
  retentionSetting,
  softDeleteSetting,
  unknownSetting,
  versioningSetting,
} from './setting-verdicts.js';
export { sendPieces } from './send-pieces.js';
export { settleDelete } from './settle-delete.js';
export { settlePut } from './settle-put.js';
export { sizeInRange } from './size-in-range.js';
export { isStorageError, StorageError, type StorageErrorKind } from './storage-error.js';
export { timeLimitMs, USUAL_TIMEOUTS, type Timeouts } from './timeouts.js';
export { untilAborted } from './until-aborted.js';
export { USER_AGENT, Wire, type Take, type WireRequest } from './wire.js';
export { WriteGate } from './write-gate.js';
export { writeInPieces } from './write-in-pieces.js';
