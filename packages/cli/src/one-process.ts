import { isStorageError, StorageError } from '@atoll/storage';

/** For `serve` and `work`: that the other one has the folder is the usual reason for finding it locked. */
export async function advisingOneProcess<T>(running: Promise<T>): Promise<T> {
  try {
    return await running;
  } catch (cause) {
    if (!isStorageError(cause, 'locked')) throw cause;
    const advice = 'serve and work cannot share a folder; atoll serve --with-worker is both in one process';
    throw new StorageError('locked', `${cause.message}. ${advice}`, { cause });
  }
}
