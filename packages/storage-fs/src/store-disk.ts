import { systemClock } from '@atoll/core';
import { DurableFiles, type FlushAll } from './durable-files.js';
import type { FileSystem } from './file-system.js';
import { flushAllOf } from './flush-all.js';
import { Folders } from './folders.js';
import type { FsStoreOptions } from './fs-store-options.js';
import { Publisher } from './publisher.js';
import { Stamps } from './stamps.js';
import { StorePaths } from './store-paths.js';

/** What makes the files of a store, and makes them durable. */
export interface StoreDisk {
  readonly files: FileSystem;
  readonly paths: StorePaths;
  readonly stamps: Stamps;
  readonly folders: Folders;
  readonly publisher: Publisher;
  readonly durable: DurableFiles;
}

export function storeDisk(files: FileSystem, root: string, options: FsStoreOptions): StoreDisk {
  const paths = new StorePaths(root);
  const stamps = new Stamps(options.clock ?? systemClock);
  const folders = new Folders(files, root);
  return {
    files,
    paths,
    stamps,
    folders,
    publisher: new Publisher(files, folders, stamps, paths.drafts),
    durable: new DurableFiles(files, folders, options.flushAll ?? defaultFlushAll(options, root)),
  };
}

/** A file system of one's own is not the one that `sync` would flush. */
function defaultFlushAll({ files }: FsStoreOptions, root: string): FlushAll | undefined {
  return files === undefined ? flushAllOf(root) : undefined;
}
