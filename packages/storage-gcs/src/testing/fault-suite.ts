import type { FaultSuite } from '@atoll/storage/testing';
import type { OperationName } from './fake-operation.js';
import { Stand } from './stand.js';

/** What the suites of faults need to know of Cloud Storage. */
export const FAULT_SUITE: FaultSuite<OperationName, Stand> = {
  start: () => Stand.start(),
  requests: {
    get: 'GetObject',
    head: 'GetMetadata',
    put: 'InsertObject',
    delete: 'DeleteObject',
    list: 'ListObjects',
    settle: 'GetMetadata',
    part: 'UploadPart',
  },
  slowDown: { kind: 'refuse', status: 503, code: 'backendError' },
  openInParts: (stand) => stand.open({ pieceBytes: 5 * 1_048_576 }),
};
