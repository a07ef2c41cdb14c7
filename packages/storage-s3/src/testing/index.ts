export { FAKE_CREDENTIALS, FakeS3, type FakeS3Options } from './fake-s3.js';
export type { OperationName } from './fake-operation.js';
