import { dirname } from 'node:path';
import pLimit from 'p-limit';
import type { DurableFiles } from './durable-files.js';
import { errorCode, unlessAbsent, type FileSystem } from './file-system.js';
import type { Folders } from './folders.js';
import type { LogRecord } from './log-record.js';
import { removeDurably } from './log-segments.js';
import type { Publisher } from './publisher.js';
import { readLog } from './read-log.js';
import { stampOf, type Stamps } from './stamps.js';

const FILES_AT_ONCE = 32;

export interface RecoveryParts {
  readonly files: FileSystem;
  readonly folders: Folders;
  readonly publisher: Publisher;
  readonly durable: DurableFiles;
  readonly stamps: Stamps;
  readonly pathOf: (key: string) => string;
}

/**
 * Makes the files what the log says, flushes them, and removes the log. An interruption leaves the log, so that the next attempt does
 * it all again.
 * @throws StorageError 'corrupt' when the log is damaged
 */
export async function recoverLog(folder: string, parts: RecoveryParts): Promise<void> {
  const { paths, changes } = await readLog(parts.files, folder);
  const all = [...changes.values()];
  for (const { number } of all) parts.stamps.observe(BigInt(number) * 1000n);
  const limit = pLimit(FILES_AT_ONCE);
  // Where an object was, a folder of others may be by now.
  await limit.map(
    all.filter(({ kind }) => kind === 'delete'),
    (record) => unlessAbsent(deleteAgain(record, parts)),
  );
  await limit.map(
    all.filter(({ kind }) => kind === 'put'),
    (record) => putAgain(record, parts),
  );
  await parts.durable.flush(new Set(all.map(({ key }) => parts.pathOf(key))));
  for (const path of paths) await removeDurably(parts, path);
}

async function deleteAgain({ key, number }: LogRecord, { files, pathOf }: RecoveryParts): Promise<void> {
  const { mtimeNs } = await files.stat(pathOf(key), { bigint: true });
  // A data object does not pass through the log when it is large; a later one of this key stays.
  if (stampOf(mtimeNs) <= number) await files.unlink(pathOf(key));
}

/**
 * Also where the file looks right: after a flush that failed it may be in memory only, and the next flush would not tell. Who wrote
 * the log may have had no way left to say that it saw such a failure.
 */
async function putAgain(record: LogRecord, parts: RecoveryParts): Promise<void> {
  const path = parts.pathOf(record.key);
  try {
    await parts.folders.make(dirname(path));
    await parts.publisher.name(await parts.publisher.draft(record.body, record.number), path);
  } catch (cause) {
    // What cannot be put there never was; the process ended before the log said so.
    if (errorCode(cause) !== 'ENOTDIR' && errorCode(cause) !== 'EISDIR') throw cause;
  }
}
