export type { GcsCredentials } from './choose-identity.js';
export type { Timeouts } from './gcs-calls.js';
export { GcsStore, type GcsStoreOptions } from './gcs-store.js';
export { ANONYMOUS, type GcsIdentity } from './identity.js';
