import type { ServerFault } from '@atoll/storage/faulty-server';
import { describeStorms } from '@atoll/storage/testing';
import { FAULT_SUITE } from './testing/fault-suite.js';

const FAULTS: readonly ServerFault[] = [
  FAULT_SUITE.slowDown,
  { kind: 'refuse', status: 429, code: 'rateLimitExceeded' },
  { kind: 'refuse', status: 500, code: 'internalError' },
];

describeStorms('GcsStore', {
  ...FAULT_SUITE,
  faultsOf: () => FAULTS,
  mishap: (stand) => stand.fake.identities.revoke(),
  kinds: ['unavailable', 'denied'],
});
