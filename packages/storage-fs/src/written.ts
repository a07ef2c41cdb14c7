import type { PutOutcome, Version } from '@atoll/storage';
import type { Change } from './object-cache.js';
import type { Left } from './owned-folders.js';

/** What a put has left; nothing where it did not happen. */
export interface Written extends Change, Left {
  /** Absent where there was a conflict. */
  readonly version?: Version;
}

export function outcomeOf({ version }: Written): PutOutcome {
  return version === undefined ? 'conflict' : { version };
}
