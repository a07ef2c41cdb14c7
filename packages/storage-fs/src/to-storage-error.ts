import { StorageError, type StorageErrorKind } from '@atoll/storage';
import { errorCode } from './file-system.js';

const KINDS: Readonly<Record<string, readonly [StorageErrorKind, string]>> = {
  ENOSPC: ['full', 'the disk is full'],
  EDQUOT: ['full', 'the disk quota is used up'],
  EROFS: ['read-only', 'the file system is read-only'],
  EACCES: ['read-only', 'this process may not write there'],
  EPERM: ['read-only', 'this process may not write there'],
  EMFILE: ['unavailable', 'too many files are open; raise the limit of open files'],
  ENFILE: ['unavailable', 'too many files are open on this machine'],
  EAGAIN: ['unavailable', 'the system is short of resources'],
  ENOMEM: ['unavailable', 'the system is short of memory'],
  EIO: ['unavailable', 'the disk reports an input/output error'],
  ENOENT: ['unavailable', 'a folder that was there is gone'],
  ENOTDIR: ['invalid-key', 'a part of the path is a file'],
  EISDIR: ['invalid-key', 'there is a folder of that name'],
  ENAMETOOLONG: ['invalid-key', 'the path is too long'],
};

/** What a failed system call means; any other error, such as that of a stream that was being stored, stays itself. */
export function toStorageError(cause: unknown, path: string, key?: string): unknown {
  const [kind, sentence] = KINDS[errorCode(cause) ?? ''] ?? [];
  if (kind === undefined) return cause;
  if (key !== undefined) return new StorageError(kind, `${path}: ${sentence}`, { key, cause });
  // The store's own folder, which no key has named.
  return new StorageError(kind === 'invalid-key' ? 'unavailable' : kind, `${path}: ${sentence}`, { cause });
}

/** As {@link toStorageError}, of a call that only reads. */
export function toReadError(cause: unknown, path: string, key?: string): unknown {
  const code = errorCode(cause);
  if (code !== 'EACCES' && code !== 'EPERM') return toStorageError(cause, path, key);
  return new StorageError('denied', `${path}: this process may not read it`, {
    cause,
    ...(key !== undefined && { key }),
  });
}
