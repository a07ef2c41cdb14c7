import { ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import {
  compareKeys,
  StorageError,
  type CallOptions,
  type Listed,
  type ListOptions,
  type ObjectInfo,
} from '@atoll/storage';
import { toStorageError } from './failure-meaning.js';
import { objectInfo } from './object-info.js';
import type { Place } from './place.js';
import type { S3Calls } from './s3-calls.js';
import { S3Failure } from './s3-failure.js';

/** What one request answers at most, whatever it asks for. */
const MOST_KEYS = 1_000;

const EMPTY_SEGMENT = /(?:^|\/)\/.*$/s;

interface Wanted {
  readonly after: string;
  readonly token: string | undefined;
  readonly limit: number;
}

export class S3Lister {
  constructor(
    private readonly calls: S3Calls,
    private readonly place: Place,
  ) {}

  /** Pages may be shorter than asked for: more are read until `limit` keys are there or none follows. */
  async list(prefix: string, { signal, after = '', limit }: ListOptions): Promise<Listed> {
    signal?.throwIfAborted();
    const entries: ObjectInfo[] = [];
    // No key has an empty segment, and some servers refuse to look for one.
    let more = !EMPTY_SEGMENT.test(this.place.of(prefix).Key);
    let token: string | undefined;
    try {
      while (more && entries.length < limit) {
        const last = entries.at(-1)?.key ?? after;
        const page = await this.#page(prefix, { after: last, token, limit: limit - entries.length }, { signal });
        const found = this.#inOrder(page, beforeEmptySegment(last)).filter(({ key }) => compareKeys(key, last) > 0);
        entries.push(...found);
        more = page.IsTruncated === true;
        // The last key says where to go on, whatever a server makes of its tokens, unless the page is empty: that happens where many
        // keys of a bucket with versions are deleted.
        token = found.length === 0 ? page.NextContinuationToken : undefined;
      }
    } catch (cause) {
      throw toStorageError(cause, this.place.url, 'list');
    }
    return { entries, more };
  }

  async #page(prefix: string, { after, token, limit }: Wanted, o: CallOptions): Promise<ListObjectsV2CommandOutput> {
    const { Bucket, Key } = this.place.of(prefix);
    const command = new ListObjectsV2Command({
      Bucket,
      Prefix: Key,
      MaxKeys: Math.min(limit, MOST_KEYS),
      ...(after !== '' && { StartAfter: beforeEmptySegment(this.place.of(after).Key) }),
      ...(token !== undefined && { ContinuationToken: token }),
    });
    return this.calls.send(async (options) => {
      const page = await this.calls.client.send(command, options);
      // What is no list at all reads like an empty one.
      if (page.IsTruncated === undefined) throw new S3Failure('lost', 'AnswerWithoutList');
      const leadsNowhere = page.IsTruncated && page.Contents === undefined && page.NextContinuationToken === undefined;
      if (leadsNowhere) throw new S3Failure('lost', 'AnswerWithoutNextPage');
      return page;
    }, o);
  }

  /** @throws StorageError 'unsupported' where a server does not list in order, or not from a key on */
  #inOrder({ Contents = [] }: ListObjectsV2CommandOutput, after: string): ObjectInfo[] {
    let last = after;
    return Contents.map((entry) => {
      const info = objectInfo(this.place.keyOf(entry.Key), entry, entry.Size);
      // What is named as the prefix is, by a console that makes a folder of it, has an empty key, which comes before all others.
      if (last !== '' && compareKeys(info.key, last) <= 0) {
        throw new StorageError('unsupported', `${this.place.url} does not list keys in the order of their bytes`);
      }
      last = info.key;
      return info;
    });
  }
}

/** Where a list has to begin so that nothing after `after` is missed: a key that could be one. */
function beforeEmptySegment(after: string): string {
  return after.replace(EMPTY_SEGMENT, (rest) => (rest.startsWith('//') ? '/' : ''));
}
