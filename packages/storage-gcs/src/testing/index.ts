export { FakeGcs, type FakeGcsOptions } from './fake-gcs.js';
export type { OperationName } from './fake-operation.js';
export { FAKE_ACCOUNT } from './fake-identities.js';
export { Stand } from './stand.js';
