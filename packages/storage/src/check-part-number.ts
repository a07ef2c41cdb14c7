import type { Capabilities } from './object-store.js';
import { StorageError } from './storage-error.js';

/** @throws StorageError 'unsupported' for a number that no part can have */
export function checkPartNumber(
  number: number,
  { maxCount }: Pick<Capabilities['parts'], 'maxCount'>,
  key: string,
): void {
  if (Number.isInteger(number) && number >= 1 && number <= maxCount) return;
  throw new StorageError('unsupported', `part numbers go from 1 to ${maxCount}`, { key });
}
