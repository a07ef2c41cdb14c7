import { encodePath, encodeStrictly, StorageError } from '@atoll/storage';
import type { GcsLocation } from './gcs-location.js';

/** A dot segment would be resolved on the way, so that another key would be written. */
const UNUSABLE = /(?:^|\/)\.{0,2}(?:\/|$)|[^\x21-\x7e]|[%\\]/;

type Parameters = Readonly<Record<string, string | number | undefined>>;

/** Where keys are in a bucket: the paths of the JSON and the XML interface for them. */
export class Place {
  readonly #base: string;
  readonly #bucket: string;
  /** Empty, or ending with a slash. */
  readonly prefix: string;

  constructor(
    /** For messages. */
    readonly url: string,
    { bucket, prefix, endpoint }: GcsLocation,
  ) {
    this.#base = new URL(endpoint).pathname.replace(/\/$/, '');
    this.#bucket = bucket;
    this.prefix = prefix;
  }

  /** JSON interface: the bucket's own metadata. */
  bucket(parameters: Parameters): string {
    return `${this.#base}/storage/v1/b/${this.#bucket}${asQuery(parameters)}`;
  }

  /** JSON interface: the object's metadata; also what a delete names. @throws StorageError 'invalid-key' */
  object(key: string, parameters: Parameters = {}): string {
    return `${this.#base}/storage/v1/${this.#resource(key)}${asQuery(parameters)}`;
  }

  /** JSON interface: an upload in one request. @throws StorageError 'invalid-key' */
  upload(key: string, parameters: Parameters = {}): string {
    const query = asQuery({ uploadType: 'media', name: this.#name(key), ...parameters });
    return `${this.#base}/upload/storage/v1/b/${this.#bucket}/o${query}`;
  }

  /** JSON interface: a page of the objects below a prefix. */
  list(prefix: string, startOffset: string, parameters: Parameters): string {
    const from = startOffset === '' ? undefined : this.prefix + startOffset;
    const query = asQuery({ prefix: this.prefix + prefix, startOffset: from, ...parameters });
    return `${this.#base}/storage/v1/b/${this.#bucket}/o${query}`;
  }

  /** JSON interface: a copy of another place's object. @throws StorageError 'invalid-key' */
  rewrite(source: Place, sourceKey: string, key: string, parameters: Parameters): string {
    const query = asQuery(parameters);
    return `${this.#base}/storage/v1/${source.#resource(sourceKey)}/rewriteTo/${this.#resource(key)}${query}`;
  }

  /** XML interface: the object's bytes, and uploads in parts. @throws StorageError 'invalid-key' */
  bytes(key: string, parameters: Parameters = {}): string {
    return `${this.#base}/${this.#bucket}/${encodePath(this.#name(key))}${asQuery(parameters)}`;
  }

  /** @throws StorageError 'corrupt' for what is not below the prefix */
  keyOf(name: string): string {
    if (name.startsWith(this.prefix)) return name.slice(this.prefix.length);
    throw new StorageError('corrupt', `${this.url}: a list shows a key that was not asked for`);
  }

  #resource(key: string): string {
    return `b/${this.#bucket}/o/${encodeStrictly(this.#name(key))}`;
  }

  #name(key: string): string {
    if (UNUSABLE.test(key)) throw new StorageError('invalid-key', `${JSON.stringify(key)} cannot be a key`, { key });
    return this.prefix + key;
  }
}

/** An empty value is a parameter without one: `?uploads`. */
function asQuery(parameters: Parameters): string {
  const pairs = Object.entries(parameters).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return '';
  return `?${pairs.map(([name, value]) => (value === '' ? name : `${name}=${encodeStrictly(String(value))}`)).join('&')}`;
}
