import { ForeignFolders } from './foreign-folders.js';
import type { FsStoreOptions } from './fs-store-options.js';
import { KnownObjects } from './known-objects.js';
import { ListedFiles } from './listed-files.js';
import type { ListedFolders } from './lister.js';
import { ObjectCache } from './object-cache.js';
import { OwnedFolders } from './owned-folders.js';
import type { StoreDisk } from './store-disk.js';

const DEFAULT_CACHE_BYTES = 33_554_432;
const DEFAULT_NAMES_BYTES = 67_108_864;

/** What a store remembers of what is on disk. */
export interface StoreMemory {
  readonly known: KnownObjects;
  readonly folders: ListedFolders;
}

/** Only the one process that writes may remember what is on disk. */
export function ownedMemory({ files, paths }: StoreDisk, options: FsStoreOptions): StoreMemory {
  const { cacheBytes = DEFAULT_CACHE_BYTES, namesBytes = DEFAULT_NAMES_BYTES } = options;
  const owned = new OwnedFolders(new ListedFiles(files, paths.objects), namesBytes);
  return { known: new KnownObjects({ paths, cache: new ObjectCache(cacheBytes), owned }), folders: owned };
}

/** Of a store that another process writes: the names in its folders, as long as these tell of no change. */
export function foreignMemory({ files, paths }: StoreDisk, options: FsStoreOptions): StoreMemory {
  const { namesBytes = DEFAULT_NAMES_BYTES } = options;
  const folders = new ForeignFolders(new ListedFiles(files, paths.objects), namesBytes);
  return { known: new KnownObjects({ paths, cache: undefined, owned: undefined }), folders };
}
