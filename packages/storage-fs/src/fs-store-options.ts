import type { Clock } from '@atoll/core';
import type { FlushAll } from './durable-files.js';
import type { FileSystem } from './file-system.js';

export interface FsStoreOptions {
  /** Made when it is not there, unless `readOnly`. */
  readonly root: string;
  /** Reads beside the process that owns the folder, also before there is one: no lock, no cache, no write. */
  readonly readOnly?: boolean;
  /** How much memory small objects may take; 32 MiB by default. */
  readonly cacheBytes?: number;
  /** How much memory the names of listed folders may take, roughly; 64 MiB by default. */
  readonly namesBytes?: number;
  readonly clock?: Clock;
  readonly files?: FileSystem;
  /** How all files are flushed at once; by default with `sync` where it can be relied on, and never with `files` of one's own. */
  readonly flushAll?: FlushAll;
  /** How long a segment of the log becomes; 16 MiB by default. */
  readonly segmentBytes?: number;
  /** How often what is only in the log is looked through for what has been there since the last time, to be shown; 0.5 s by default. */
  readonly showAfterMs?: number;
}
