import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const LARGE_BYTES = 1024 * 1024;

/**
 * Frees what a turn has used of the disk, but for its small files, which stay until the run has ended. A file system without a journal
 * does not use the number of a removed file again for a minute or more, and steps over each of them whenever it makes a file: whoever has
 * the next turn would pay for thousands.
 */
export function clearAway(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && statSync(path).size >= LARGE_BYTES) rmSync(path);
  }
}
