import { isStorageError, keys, type CallOptions, type ObjectStore, type Version } from '@atoll/storage';
import pLimit from 'p-limit';
import { readRecord } from './blob-records.js';
import { listAll } from './listing.js';
import type { UploadHeader, UploadSessions } from './upload-session.js';

const SWEPT_AT_ONCE = 4;

export interface UploadSweepParts {
  readonly store: ObjectStore;
  readonly sessions: UploadSessions;
  readonly onLeftBehind?: (cause: unknown) => void;
}

/** Removes the sessions that expired before `beforeMs`, and the bytes of those that never became a blob. */
export async function sweepUploads(
  parts: UploadSweepParts,
  beforeMs: number,
  o: CallOptions = {},
): Promise<{ removed: number }> {
  const uploadIds: string[] = [];
  for await (const { key, modified } of listAll(parts.store, keys.uploads, o)) {
    // A session expires after it was written, so one that was written lately need not be read.
    if (modified.getTime() < beforeMs) uploadIds.push(key.slice(keys.uploads.length));
  }
  const swept = await pLimit(SWEPT_AT_ONCE).map(uploadIds, (uploadId) => sweepOne(parts, uploadId, beforeMs, o));
  return { removed: swept.filter(Boolean).length };
}

async function sweepOne(parts: UploadSweepParts, uploadId: string, beforeMs: number, o: CallOptions): Promise<boolean> {
  try {
    const found = await parts.sessions.readHeader(uploadId, o);
    if (found === undefined || found.header.expiresAt >= beforeMs) return false;
    const version = await fence(parts, uploadId, found, o);
    if (version === undefined) return false;
    await freeData(parts.store, found.header, o);
    await parts.sessions.remove(uploadId, version, o);
    return true;
  } catch (cause) {
    if (!isStorageError(cause)) throw cause;
    parts.onLeftBehind?.(cause);
    return false;
  }
}

/** No request that still runs can commit an upload that is marked cancelled. The answer is the version to remove it by. */
async function fence(
  { sessions }: UploadSweepParts,
  uploadId: string,
  { header, version }: { header: UploadHeader; version: Version },
  o: CallOptions,
): Promise<Version | undefined> {
  if (header.state !== 'open') return version;
  const { repository, expiresAt, dataKey, upload } = header;
  const cancelled = { state: 'cancelled', repository, expiresAt, dataKey, upload } as const;
  return (await sessions.write(uploadId, cancelled, version, o))?.version;
}

async function freeData(store: ObjectStore, header: UploadHeader, o: CallOptions): Promise<void> {
  if (header.state === 'done' || header.dataKey === null) return;
  if (header.state === 'committing') {
    const record = await readRecord(store, header.digest, o);
    if (record?.data === header.dataKey) return;
  } else if (header.upload) {
    await store.abortData(header.dataKey, header.upload.handle, o);
  }
  await store.delete(header.dataKey, { blind: true }, o);
}
