import type { FaultSuite } from '@atoll/storage/testing';
import type { OperationName } from './fake-operation.js';
import { Stand } from './stand.js';

/** What the suites of faults need to know of S3. */
export const FAULT_SUITE: FaultSuite<OperationName, Stand> = {
  start: () => Stand.start(),
  requests: {
    get: 'GetObject',
    head: 'HeadObject',
    put: 'PutObject',
    delete: 'DeleteObject',
    list: 'ListObjectsV2',
    settle: 'GetObject',
    part: 'UploadPart',
  },
  slowDown: { kind: 'refuse', status: 503, code: 'SlowDown' },
  openInParts: (stand) => stand.open({ streamedPartBytes: 5 * 1_048_576 }),
};
