import { CalledFileShower, type FileShower } from './file-shower.js';
import type { FsStoreOptions } from './fs-store-options.js';
import { LogSegments } from './log-segments.js';
import { LoggedObjects } from './logged-objects.js';
import { thisProcess } from './process-identity.js';
import { ShowThread } from './show-thread.js';
import type { StoreDisk } from './store-disk.js';
import { WriteLog } from './write-log.js';

const SEGMENT_BYTES = 16_777_216;

/** What makes small changes durable in the log, and then shows them. */
export interface StoreLog {
  readonly log: WriteLog;
  readonly shower: FileShower;
  readonly logged: LoggedObjects;
}

/** @param release makes files of what is in the log alone, and answers whether there was any */
export function storeLog(disk: StoreDisk, options: FsStoreOptions, release: () => Promise<boolean>): StoreLog {
  const { files, folders, durable, publisher, stamps, paths } = disk;
  const { segmentBytes = SEGMENT_BYTES } = options;
  const { bootId } = thisProcess();
  const log = new WriteLog(
    new LogSegments({ files, folders, durable, folder: paths.log, bootId, segmentBytes, release }),
  );
  const shower = options.files ? new CalledFileShower(files, publisher) : new ShowThread(paths.drafts);
  return { log, shower, logged: new LoggedObjects({ folders, shower, stamps, log }) };
}
