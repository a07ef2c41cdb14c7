export type { FileSystem } from './file-system.js';
export { FsStore, type FsStoreOptions } from './fs-store.js';
