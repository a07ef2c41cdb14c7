import { RegistryError } from '@atoll/core';
import { isStorageError } from '@atoll/storage';
import { z } from 'zod';

/** The job is too old to write: what it has read may have been purged meanwhile. The repository is compared afresh instead. */
export class DeadlinePassedError extends Error {
  override readonly name = 'DeadlinePassedError';
}

/** The peer cannot give yet what it names, or gives something wrong: to be tried again. */
export class NotYetError extends Error {
  override readonly name: string = 'NotYetError';
}

/** The peer's manifest names a blob that the peer does not have: deleted meanwhile, or not yet mended. */
export class MissingAtSourceError extends NotYetError {
  override readonly name = 'MissingAtSourceError';
}

/**
 * Whether trying again cannot help. The one place that decides it: every queue asks here.
 * A store may come back and what a peer stores may be mended; what cannot be parsed stays so, because its hash names it.
 */
export function isPermanent(cause: unknown): boolean {
  if (cause instanceof DeadlinePassedError || cause instanceof z.ZodError) return true;
  if (isStorageError(cause)) return cause.kind === 'invalid-key' || cause.kind === 'unsupported';
  return cause instanceof RegistryError && cause.code === 'MANIFEST_INVALID';
}
