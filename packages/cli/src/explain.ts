import { isNativeError } from 'node:util/types';
import { ConfigError } from '@atoll/runtime';
import { isStorageError } from '@atoll/storage';
import { UsageError } from './usage-error.js';

const OF_FOLDERS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'something that is not a folder is in the way',
  EEXIST: 'something that is not a folder is in the way',
};

/** The sentence about a fault that whoever typed the command can mend; `undefined` when the fault is ours. */
export function explain(cause: unknown): string | undefined {
  if (cause instanceof UsageError || cause instanceof ConfigError) return cause.message;
  if (isStorageError(cause)) return cause.kind === 'invalid-key' ? undefined : cause.message;
  if (!isSystemError(cause)) return undefined;
  if (cause.syscall === 'listen' || cause.syscall === 'getaddrinfo') return explainListening(cause);
  const reason = OF_FOLDERS[cause.code];
  return reason === undefined ? undefined : `cannot use ${cause.path ?? 'the data folder'}: ${reason}`;
}

interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path?: string;
  readonly address?: string;
  readonly hostname?: string;
  readonly port?: number;
}

function isSystemError(cause: unknown): cause is SystemError {
  return isNativeError(cause) && 'code' in cause && typeof cause.code === 'string' && 'syscall' in cause;
}

function explainListening({ code, address, hostname, port, message }: SystemError): string {
  const place = `port ${port} of ${address}`;
  switch (code) {
    case 'EADDRINUSE':
      return `${place} is in use by another program: stop it, or choose another port`;
    case 'EACCES':
      return `${place} needs more rights than this user has: choose a port above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `cannot listen on ${address ?? hostname ?? 'that host'}, which is no address of this machine: see ATOLL_HOST`;
    default:
      return `cannot listen: ${message}`;
  }
}
