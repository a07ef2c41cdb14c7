export { faulty, type Fault } from '../faulty.js';
export { describeObjectStore, type StoreUnderTest } from './describe-object-store.js';
export { FaultPlan, type ServerFault } from './fault-plan.js';
export { FaultyServer, type Answer, type Asked, type FakeService } from './faulty-server.js';
export { inPieces, readAll, sample } from './samples.js';
