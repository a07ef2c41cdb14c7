import type { ObjectInfo, Version } from '@atoll/storage';
import type { FileFacts } from './publisher.js';
import { stampOf } from './stamps.js';

/** A file's time and inode: both belong to one write. */
export function versionOf({ mtimeNs, ino }: Pick<FileFacts, 'mtimeNs' | 'ino'>): Version {
  return `${mtimeNs}-${ino}`;
}

const UNSHOWN = /^(\d+)-log$/;

/** The version of an object that has no file yet. */
export function unshownVersion(microseconds: number): Version {
  return `${microseconds}-log`;
}

/** Whether that is the version of the object, also as it was called before it had a file. */
export function isVersion({ version }: Pick<ObjectInfo, 'version'>, wanted: Version): boolean {
  if (version === wanted) return true;
  const microseconds = UNSHOWN.exec(wanted)?.[1];
  // No two writes have one time.
  return microseconds !== undefined && stampOf(BigInt(version.slice(0, version.indexOf('-')))) === Number(microseconds);
}
