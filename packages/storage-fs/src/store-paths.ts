import { join, sep } from 'node:path';
import { StorageError } from '@atoll/storage';
import { pathOfKey } from './key-path.js';

/** Where what a store consists of is, below its root. */
export class StorePaths {
  readonly objects: string;
  readonly parts: string;
  readonly drafts: string;
  readonly log: string;

  constructor(readonly root: string) {
    this.objects = join(root, 'objects');
    this.parts = join(root, 'parts');
    this.drafts = join(root, 'tmp');
    this.log = join(root, 'log');
  }

  /** @throws StorageError 'invalid-key' */
  objectOf(key: string): string {
    return pathBelow(this.objects, key);
  }

  /** Of a data object that is being written in parts. @throws StorageError 'invalid-key' */
  partOf(key: string): string {
    return pathBelow(this.parts, key);
  }
}

function pathBelow(base: string, key: string): string {
  const path = join(base, pathOfKey(key));
  if (path.startsWith(base + sep)) return path;
  throw new StorageError('invalid-key', `${JSON.stringify(key)} leads out of the folder`, { key });
}
