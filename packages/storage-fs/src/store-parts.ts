import { BufferPool, KeyedMutex } from '@atoll/storage';
import { chunkMemory } from './chunk-memory.js';
import { ChunkWriter } from './chunk-writer.js';
import { DataFiles } from './data-files.js';
import type { FileShower } from './file-shower.js';
import type { FileSystem } from './file-system.js';
import type { FsStoreOptions } from './fs-store-options.js';
import { KeyTurns } from './key-turns.js';
import type { KnownObjects } from './known-objects.js';
import { LateFiles } from './late-files.js';
import { Lister, type ListedFolders } from './lister.js';
import { ObjectChanges } from './object-changes.js';
import { ObjectFiles } from './object-files.js';
import { ObjectReads } from './object-reads.js';
import type { OwnerLock } from './owner-lock.js';
import { PartFiles } from './part-files.js';
import { RecoveryWatch } from './recovery-watch.js';
import { SharedChunks } from './shared-chunks.js';
import { storeDisk, type StoreDisk } from './store-disk.js';
import { storeLog } from './store-log.js';
import { foreignMemory, ownedMemory } from './store-memory.js';
import type { WriteLog } from './write-log.js';
import { Writes } from './writes.js';

/** From here on a write costs little beside the copying. */
const WRITE_BYTES = 1_048_576;
const KEPT_WRITE_BUFFERS = 8;
/** Whoever reads beside the owner sees what is short-lived after twice as long, if it lives that long. */
const SHOW_AFTER_MS = 500;

/** All that an FsStore consists of. */
export interface StoreParts {
  readonly disk: StoreDisk;
  readonly lock: OwnerLock | undefined;
  readonly known: KnownObjects;
  readonly folders: ListedFolders;
  readonly log: WriteLog;
  readonly shower: FileShower;
  readonly late: LateFiles;
  readonly writes: Writes;
  readonly reads: ObjectReads;
  readonly changes: ObjectChanges;
  readonly partFiles: PartFiles;
  readonly data: DataFiles;
}

/** Puts a store together without touching the disk; without a `lock` it only reads. */
export function storeParts(
  files: FileSystem,
  root: string,
  lock: OwnerLock | undefined,
  options: FsStoreOptions,
): StoreParts {
  const disk = storeDisk(files, root, options);
  const { paths, stamps, publisher } = disk;
  const { known, folders } = (lock ? ownedMemory : foreignMemory)(disk, options);
  // The owner recovers the files itself.
  const watch = lock ? undefined : new RecoveryWatch(files, root, paths.log);
  const objects = new ObjectFiles({ files, paths, stamps, watch });
  const { log, shower, logged } = storeLog(disk, options, () => late.showAll());
  const mutex = new KeyedMutex();
  const { showAfterMs = SHOW_AFTER_MS } = options;
  const late: LateFiles = new LateFiles({ paths, mutex, logged, known, objects, showAfterMs });
  const writes = new Writes(paths, lock === undefined);
  const turns = new KeyTurns({ writes, mutex, late, known });
  const changes = new ObjectChanges({ writes, turns, logged, late, objects });
  const buffers = new BufferPool(WRITE_BYTES, KEPT_WRITE_BUFFERS);
  const writer = new ChunkWriter({ buffers, bySystem: options.files === undefined });
  const partFiles = new PartFiles(files, disk.folders, publisher, writer);
  const data = new DataFiles({ paths, writes, known, changes, publisher, partFiles, writer });
  const lister = new Lister(folders, (key, facts) => objects.infoOf(key, facts));
  const chunks = new SharedChunks(chunkMemory());
  const reads = new ObjectReads({ paths, late, known, objects, lister, chunks, watch });
  return { disk, lock, known, folders, log, shower, late, writes, reads, changes, partFiles, data };
}
