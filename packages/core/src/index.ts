export { systemClock, type Clock } from './clock.js';
export { digestsOf, type Descriptor } from './descriptor.js';
export {
  algorithmOf,
  digestFromHex,
  digestOf,
  hexOf,
  isDigest,
  isDigestAlgorithm,
  parseDigest,
  type Digest,
  type DigestAlgorithm,
} from './digest.js';
export { isHybridTime, millisecondsOf, nextHybridTime, type HybridTime } from './hybrid-time.js';
export { MAX_MANIFEST_BYTES, parseManifest, type ParsedManifest } from './manifest.js';
export { isTag, parseReference, parseTag, type Reference, type Tag } from './reference.js';
export {
  emptyRegister,
  joinRegisters,
  liveSiblings,
  liveValue,
  sameRegister,
  writeRegister,
  type Origin,
  type Register,
  type Sibling,
} from './register.js';
export { RegistryError, type ErrorEntry, type RegistryCode } from './registry-error.js';
export { isRepositoryName, parseRepositoryName, type RepositoryName } from './repository-name.js';
