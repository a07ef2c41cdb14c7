import { ConfigError } from '@atoll/runtime';
import { isStorageError, StorageError, type StorageErrorKind } from '@atoll/storage';

const PAGES: Readonly<Record<string, string>> = {
  'file:': 'docs/drivers/filesystem.md',
  's3:': 'docs/drivers/s3.md',
  'az:': 'docs/drivers/azure.md',
  'gs:': 'docs/drivers/gcs.md',
};

const ADVICE: Readonly<Record<StorageErrorKind, (page: string) => string>> = {
  unavailable: (page) =>
    page === PAGES['file:']
      ? 'check the folder and the disk that it is on, then try again'
      : 'check the endpoint, the name and the region of the bucket, the clock of this machine, the network and its proxies',
  denied: (page) => `check whose credentials these are, the clock of this machine, and the rights that ${page} lists`,
  full: () => 'make room, or ask for a larger quota',
  'read-only': () => 'give this process the right to write there, or name another bucket',
  locked: () =>
    'stop the other process; serve and work cannot share a folder, and atoll serve --with-worker is both in one process',
  unsupported: (page) =>
    `name a store that keeps this promise, or change the setting that is in the way: ${page} has both`,
  corrupt: (page) =>
    `look whether something stands between here and the store that changes what passes, and at ${page}`,
  'invalid-key': () => 'this is a fault of the program: report it',
  'unknown-upload': (page) => `look for a rule of the bucket that ends uploads early, and at ${page}`,
};

/** What whoever runs the region can do about a trial that failed. */
export function adviceOn(cause: unknown, url: string): string | undefined {
  if (cause instanceof ConfigError) return 'correct the setting';
  if (!isStorageError(cause)) return 'this is a fault of the program: report it with what it says';
  return ADVICE[cause.kind](PAGES[new URL(url).protocol] ?? 'docs/drivers');
}

/** Adds to a failure of the store at `url` what to do about it, for those who are told nothing but its message. @throws what `opening` does */
export async function withAdvice<T>(url: string, opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (cause) {
    if (!isStorageError(cause)) throw cause;
    throw new StorageError(cause.kind, `${cause.message}; ${adviceOn(cause, url)}`, { ...cause.more, cause });
  }
}
