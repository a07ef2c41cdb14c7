export type { CredentialSource, S3Credentials } from './create-client.js';
export type { S3Timeouts } from './s3-calls.js';
export { S3Store, type S3StoreOptions } from './s3-store.js';
