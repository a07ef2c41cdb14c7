import type { ServerFault } from '@atoll/storage/faulty-server';
import { describeStorms } from '@atoll/storage/testing';
import { FAULT_SUITE } from './testing/fault-suite.js';

const FAULTS: readonly ServerFault[] = [
  FAULT_SUITE.slowDown,
  { kind: 'refuse', status: 500, code: 'InternalError' },
  { kind: 'refuse', status: 400, code: 'ExpiredToken' },
];
/** What only a write may meet. */
const RACE: ServerFault = { kind: 'refuse', status: 409, code: 'ConditionalRequestConflict' };

describeStorms('S3Store', {
  ...FAULT_SUITE,
  faultsOf: (name) => (name === 'PutObject' ? [...FAULTS, RACE] : FAULTS),
  kinds: ['unavailable'],
});
