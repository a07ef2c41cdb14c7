// The thread that shows changes; show-thread.ts is the other end of what it is told and answers.
import { closeSync, fstatSync, futimesSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { faultOf } from '@atoll/storage/thread-fault';
import type { FileFacts } from './publisher.js';
import type { ShowChange, Shown, ShowReply, ShowRequest } from './show-thread.js';

parentPort?.on('message', ({ changes, bodies }: ShowRequest) => {
  let begin = 0;
  let before: Shown = {};
  const shown = changes.map((change): Shown => {
    const body = bodies.subarray(begin, (begin += change.sizeBytes));
    before = change.follows && before.fault ? before : tryToShow(change, body);
    return before;
  });
  // Given back at once, as the collector does not see how much it is.
  if (bodies.buffer instanceof ArrayBuffer) bodies.buffer.transfer(0);
  parentPort?.postMessage({ shown } satisfies ShowReply);
});

function tryToShow(change: ShowChange, body: Uint8Array): Shown {
  try {
    return show(change, body);
  } catch (cause) {
    return { fault: faultOf(cause) };
  }
}

function show({ path, draft, seconds }: ShowChange, body: Uint8Array): Shown {
  if (draft === undefined) {
    unlinkSync(path);
    return {};
  }
  try {
    const facts = write(draft, body, seconds);
    renameSync(draft, path);
    return { facts };
  } catch (cause) {
    discard(draft);
    throw cause;
  }
}

function write(draft: string, body: Uint8Array, seconds: number): FileFacts {
  const file = openSync(draft, 'wx');
  try {
    for (let written = 0; written < body.length;) written += writeSync(file, body, written);
    futimesSync(file, seconds, seconds);
    const { mtimeNs, ino, size } = fstatSync(file, { bigint: true });
    return { mtimeNs, ino, size };
  } finally {
    closeSync(file);
  }
}

function discard(draft: string): void {
  try {
    unlinkSync(draft);
  } catch {
    // A draft that cannot be removed is removed when the folder is opened the next time.
  }
}
