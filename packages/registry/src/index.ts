export type { BlobSource } from './blob-copies.js';
export type { BlobReferences } from './blob-deletion.js';
export { findBlob, type BlobLocation, type BlobPlace } from './blob-location.js';
export { Blobs } from './blobs.js';
export { Catalog } from './catalog.js';
export { updateObject, type Updated, type UpdateOptions } from './cas.js';
export { Intents, type HeldIntent, type Intent, type IntentNames } from './intents.js';
export { Journal, journalEntrySchema, shardOf, type Change, type JournalEntry } from './journal.js';
export { decodeJson, encodeJson, jsonCodec, readObject, type Codec } from './json-object.js';
export { listAll, type NamePage } from './listing.js';
export type { ManifestPush } from './manifest-push.js';
export { Manifests, type StoredManifest } from './manifests.js';
export type { Precondition } from './precondition.js';
export { RegionReader } from './region-reader.js';
export { claimRegion, originOf, readRegion, type RegionIdentity } from './region.js';
export { Referrers, type ReferrerRow } from './referrers.js';
export {
  isFromTheFuture,
  isLiveLength,
  manifestCodec,
  tagCodec,
  type ManifestObject,
  type ManifestRegister,
  type TagRegister,
  type TagTarget,
} from './register-object.js';
export { Registry, type RegistryLog, type RegistryOptions, type UploadLimits } from './registry.js';
export { Tags } from './tags.js';
export { isSmallBlob } from './small-blobs.js';
export { Uploads, type UploadRange, type UploadsParts } from './uploads.js';
export type { WriteOptions } from './write-options.js';
