import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const MEBIBYTE = 1024 * 1024;
const SCRATCH_BYTES = 1536 * MEBIBYTE;

/**
 * Gives every measurement the same start: nothing left to be written, and memory for the file cache that the machine really has.
 * On a virtual machine the first touch of memory costs more than the write it is for.
 */
export function settle(folder: string): void {
  const scratch = join(folder, 'scratch');
  const chunk = Buffer.alloc(16 * MEBIBYTE);
  const file = openSync(scratch, 'w');
  for (let written = 0; written < SCRATCH_BYTES; written += chunk.length) writeSync(file, chunk);
  fsyncSync(file);
  closeSync(file);
  rmSync(scratch);
  execFileSync('sync');
}
