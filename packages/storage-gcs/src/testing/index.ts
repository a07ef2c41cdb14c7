export { FakeGcs, type FakeGcsOptions } from './fake-gcs.js';
export type { OperationName } from './fake-operation.js';
export { Stand } from './stand.js';
