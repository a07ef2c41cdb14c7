import { StorageError } from '@atoll/storage';

/** Where keys are in a bucket. */
export class Place {
  constructor(
    /** For messages. */
    readonly url: string,
    readonly bucket: string,
    /** Empty, or ending with a slash. */
    readonly prefix: string,
  ) {}

  of(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.bucket, Key: this.prefix + key };
  }

  /** @throws StorageError 'corrupt' for what is not below the prefix */
  keyOf(name: string | undefined): string {
    if (name?.startsWith(this.prefix)) return name.slice(this.prefix.length);
    throw new StorageError('corrupt', `${this.url}: a list shows a key that was not asked for`);
  }
}
