// The thread that hashes and writes; hash-thread.ts is the other end of what it is told and answers.
import { createHash, type Hash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { faultOf, type ThreadFault } from '@atoll/storage/thread-fault';
import type { HashRequest, HashReply } from './hash-thread.js';
import type { BatchPlace } from './thread-hash.js';

const hashes = new Map<number, Hash>();

parentPort?.on('message', (request: HashRequest) => {
  const { id } = request;
  if (request.kind === 'drop') return void hashes.delete(id);
  const { algorithm, memory, sizeBytes, last, place } = request;
  const bytes = memory.subarray(0, sizeBytes);
  const hash = hashes.get(id) ?? createHash(algorithm);
  hash.update(bytes);
  if (last) hashes.delete(id);
  else hashes.set(id, hash);
  const fault = place && tryToWrite(place, bytes);
  const reply: HashReply = { id, memory, ...(last && { hex: hash.digest('hex') }), ...(fault && { fault }) };
  parentPort?.postMessage(reply, [memory.buffer]);
});

function tryToWrite({ descriptor, positionBytes }: BatchPlace, bytes: Uint8Array): ThreadFault | undefined {
  try {
    for (let written = 0; written < bytes.length;) {
      written += writeSync(descriptor, bytes, written, bytes.length - written, positionBytes + written);
    }
    return undefined;
  } catch (cause) {
    return faultOf(cause);
  }
}
