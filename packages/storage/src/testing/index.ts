export { faulty, type Fault } from '../faulty.js';
export { describeObjectStore, type StoreUnderTest } from './describe-object-store.js';
export type { AtStand, FaultStand, FaultSuite, StandOptions } from './fault-suite.js';
export { describePartFaults } from './part-faults.js';
export { describeReadFaults } from './read-faults.js';
export { inPieces, readAll, sample } from './samples.js';
export { describeStorms } from './storms.js';
export { describeWriteFaults } from './write-faults.js';
