import { execFile } from 'node:child_process';
import { release } from 'node:os';
import { promisify } from 'node:util';
import type { FlushAll } from './durable-files.js';

const run = promisify(execFile);
/** The first kernel whose syncfs tells of errors. */
const TELLS_SINCE = [5, 8] as const;

/**
 * One flush for everything on the file system of a folder, by `sync --file-system`: Node itself does not offer it. Only GNU's is known
 * to pass on what the kernel says, and only Linux since 5.8 to say it.
 */
export function flushAllOf(folder: string): FlushAll {
  let usable: Promise<boolean> | undefined;
  return async () => {
    usable ??= tellsErrors();
    if (!(await usable)) return false;
    await run('sync', ['--file-system', folder]);
    return true;
  };
}

async function tellsErrors(): Promise<boolean> {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const recent = major > TELLS_SINCE[0] || (major === TELLS_SINCE[0] && minor >= TELLS_SINCE[1]);
  if (process.platform !== 'linux' || !recent) return false;
  try {
    return (await run('sync', ['--version'])).stdout.startsWith('sync (GNU coreutils)');
  } catch {
    return false;
  }
}
