export { digestInKey, keys, nameInMarker } from './key-layout.js';
export type {
  CallOptions,
  Capabilities,
  Chunks,
  DeleteCondition,
  Json,
  ObjectInfo,
  ObjectStore,
  PartReceipt,
  PutCondition,
  ReadableStore,
  Version,
} from './object-store.js';
export { isStorageError, StorageError, type StorageErrorKind } from './storage-error.js';
