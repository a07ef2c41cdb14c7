import { RegistryError, type Digest } from '@atoll/core';

/**
 * Whether a change may happen, by what its name stands for at that moment: a digest, or nothing. It may be asked several times, so it
 * must be pure; RFC 9110, 13.1.
 */
export type Precondition = (current: Digest | undefined) => boolean;

export function preconditionFailed(): RegistryError {
  return new RegistryError(
    'PRECONDITION_FAILED',
    'the name does not stand for what the request wants it to stand for: read it again, and decide anew',
  );
}
