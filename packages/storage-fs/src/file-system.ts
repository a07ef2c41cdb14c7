import type * as fs from 'node:fs/promises';

/** The calls of `node:fs/promises` that this package makes, so that a test can let one fail. */
export type FileSystem = Pick<
  typeof fs,
  'link' | 'mkdir' | 'open' | 'opendir' | 'readdir' | 'readFile' | 'rename' | 'stat' | 'unlink'
>;

/** The `ENOENT` of a failed system call, or `undefined` when the error is of another kind. */
export function errorCode(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return undefined;
  return typeof cause.code === 'string' ? cause.code : undefined;
}

/** The task's result, or `undefined` when it fails because something is not there. */
export async function unlessAbsent<T>(task: Promise<T>): Promise<T | undefined> {
  try {
    return await task;
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw cause;
  }
}
