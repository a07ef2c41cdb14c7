// The thread that hashes; hash-thread.ts is the other end of what it is told and answers.
import { createHash, type Hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import type { HashRequest, HashReply } from './hash-thread.js';

const hashes = new Map<number, Hash>();

parentPort?.on('message', (request: HashRequest) => {
  const { id } = request;
  if (request.kind === 'drop') return void hashes.delete(id);
  const { algorithm, memory, sizeBytes, last } = request;
  const hash = hashes.get(id) ?? createHash(algorithm);
  hash.update(memory.subarray(0, sizeBytes));
  if (last) hashes.delete(id);
  else hashes.set(id, hash);
  const reply: HashReply = { id, memory, ...(last && { hex: hash.digest('hex') }) };
  parentPort?.postMessage(reply, [memory.buffer]);
});
