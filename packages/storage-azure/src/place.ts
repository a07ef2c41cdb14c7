import { StorageError } from '@atoll/storage';
import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob';

/** A dot segment would be resolved on the way, so that another key would be written. */
const UNUSABLE = /(?:^|\/)\.{0,2}(?:\/|$)|[^\x21-\x7e]|[%\\]/;

/** Where keys are in a container. */
export class Place {
  constructor(
    /** For messages. */
    readonly url: string,
    readonly container: ContainerClient,
    /** Empty, or ending with a slash. */
    readonly prefix: string,
  ) {}

  /** @throws StorageError 'invalid-key' */
  blob(key: string): BlockBlobClient {
    if (UNUSABLE.test(key)) throw new StorageError('invalid-key', `${JSON.stringify(key)} cannot be a key`, { key });
    return this.container.getBlockBlobClient(this.prefix + key);
  }

  /** @throws StorageError 'corrupt' for what is not below the prefix */
  keyOf(name: string): string {
    if (name.startsWith(this.prefix)) return name.slice(this.prefix.length);
    throw new StorageError('corrupt', `${this.url}: a list shows a key that was not asked for`);
  }
}
