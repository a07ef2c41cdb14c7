export type { FileSystem } from './file-system.js';
export { FsStore } from './fs-store.js';
export type { FsStoreOptions } from './fs-store-options.js';
