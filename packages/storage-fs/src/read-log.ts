import { join } from 'node:path';
import { StorageError } from '@atoll/storage';
import { unlessAbsent, type FileSystem } from './file-system.js';
import { decodeLogHeader, LOG_HEADER_BYTES, type LogHeader } from './log-header.js';
import { decodeRecord, type LogRecord } from './log-record.js';

const SEGMENT = /^[1-9][0-9]{0,14}$/;

export interface LogContents {
  /** The segments' files, the oldest first. */
  readonly paths: readonly string[];
  /** What was last logged of each key, and did happen. */
  readonly changes: ReadonlyMap<string, LogRecord>;
}

interface Segment {
  readonly path: string;
  readonly number: number;
  readonly bytes: Buffer;
  readonly header: LogHeader | undefined;
}

/** Reads what a process has left in its log. @throws StorageError 'corrupt' when something is missing that was acknowledged */
export async function readLog(files: FileSystem, folder: string): Promise<LogContents> {
  const paths = await segmentPaths(files, folder);
  const segments: Segment[] = [];
  for (const { path, number } of paths) {
    const bytes = await files.readFile(path);
    segments.push({ path, number, bytes, header: decodeLogHeader(bytes) });
  }
  // Nothing in a segment was acknowledged before its header was durable, and none follows it before.
  if (segments.at(-1)?.header === undefined) segments.pop();
  const records = segments.flatMap((segment, at) => recordsOf(segment, segments[at + 1]));
  return {
    paths: paths.map(({ path }) => path),
    changes: lastOfEach(records),
  };
}

export async function segmentPaths(files: FileSystem, folder: string): Promise<{ path: string; number: number }[]> {
  const names = ((await unlessAbsent(files.readdir(folder))) ?? []).filter((name) => SEGMENT.test(name));
  return names.map((name) => ({ path: join(folder, name), number: Number(name) })).sort((a, b) => a.number - b.number);
}

function recordsOf({ path, number, bytes, header }: Segment, next: Segment | undefined): LogRecord[] {
  if (header?.number !== number || (next && next.number !== number + 1)) throw damaged(path);
  const limit = next?.header?.previousEnd;
  const records: LogRecord[] = [];
  let at = LOG_HEADER_BYTES;
  while (at !== limit) {
    const found = decodeRecord(bytes, at, header.salt);
    if (found === undefined) break;
    records.push(found.record);
    at = found.end;
  }
  // The tail of the last segment may be torn: that was not acknowledged. Of those before, all was durable up to their end.
  if (next && at !== limit) throw damaged(path);
  return records;
}

function lastOfEach(records: readonly LogRecord[]): Map<string, LogRecord> {
  const voids = new Set(records.filter(({ kind }) => kind === 'void').map(({ number }) => number));
  const changes = new Map<string, LogRecord>();
  for (const record of records) {
    if (record.kind !== 'void' && !voids.has(record.sequence)) changes.set(record.key, record);
  }
  return changes;
}

function damaged(path: string): StorageError {
  return new StorageError(
    'corrupt',
    `${path}: the log is damaged, and changes that were acknowledged may be in it. Bring the folder back from a copy, or move the ` +
      'log away to go on without them',
  );
}
