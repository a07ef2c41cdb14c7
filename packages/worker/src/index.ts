export { Loop, type LoopParts } from './loop.js';
export { startWorker, type RunningWorker, type WorkerOptions, type WorkerStatus } from './start-worker.js';
