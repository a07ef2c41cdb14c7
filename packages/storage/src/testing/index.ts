export { faulty, type Fault } from '../faulty.js';
export { describeObjectStore, type StoreUnderTest } from './describe-object-store.js';
export { inPieces, readAll, sample } from './samples.js';
