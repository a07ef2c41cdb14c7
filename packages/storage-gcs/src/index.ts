export type { GcsCredentials } from './choose-identity.js';
export { GcsStore, type GcsStoreOptions } from './gcs-store.js';
export { ANONYMOUS, type GcsIdentity } from './identity.js';
