import type { Clock, Digest, RepositoryName } from '@atoll/core';
import { keys, type CallOptions, type ObjectStore, type OrderedPut, type ReadableStore } from '@atoll/storage';
import { z } from 'zod';
import { unlessDead } from './blob-links.js';
import { updateObject, type UpdateOptions } from './cas.js';
import { repositoryField, sizeField } from './fields.js';
import { jsonCodec, readObject } from './json-object.js';

/** Which data object of the region holds a digest's bytes. */
export interface BlobRecord {
  /** `dead` as a link's: what it named may be gone already, so it only comes back with other bytes. */
  readonly st: 'live' | 'condemned' | 'dead';
  /** The data object's key. It never changes while the record lives. */
  readonly data: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** A repository that had the blob when this was written. Only a hint: whether it still has it, its link tells. */
  readonly home?: RepositoryName | undefined;
}

/** What a digest's bytes are named by: `data` as where they are, and `home` as a repository that has them. */
export type NewRecord = Pick<BlobRecord, 'data' | 'size'> & { readonly home: RepositoryName };

const recordCodec = jsonCodec<BlobRecord>(
  z.object({
    st: z.enum(['live', 'condemned', 'dead']),
    data: z.string().startsWith('d/'),
    size: sizeField,
    at: z.number().nonnegative(),
    home: repositoryField.optional(),
  }),
);

export async function readRecord(
  store: Pick<ReadableStore, 'get'>,
  digest: Digest,
  o: CallOptions = {},
): Promise<BlobRecord | undefined> {
  return unlessDead((await readObject(store, keys.record(digest), recordCodec, o))?.value);
}

/** The changes a record goes through, each a compare-and-swap (docs/adr/0001-key-layout.md). */
export class BlobRecords {
  constructor(
    private readonly store: Pick<ObjectStore, 'get' | 'put'>,
    private readonly clock: Clock,
  ) {}

  /** What {@link ensure} makes where there is none. */
  fresh(digest: Digest, named: NewRecord): { readonly record: BlobRecord; readonly put: OrderedPut } {
    const record = this.#fresh(named);
    return {
      record,
      put: { key: keys.record(digest), body: recordCodec.encode(record), condition: { ifAbsent: true } },
    };
  }

  /**
   * Names `data` as the digest's bytes, unless others are named already, and `home` as a repository that has the blob, unless one is.
   * The answer is the record that stands; it is dead where the bytes at `data` were given up.
   */
  async ensure(
    digest: Digest,
    named: NewRecord,
    { probablyNew = true, ...o }: UpdateOptions = {},
  ): Promise<BlobRecord> {
    const { data, home } = named;
    const fresh = this.#fresh(named);
    const change = (old: BlobRecord | undefined) => {
      if (old === undefined || (old.st === 'dead' && old.data !== data)) return fresh;
      if (old.st === 'dead') return undefined;
      return old.home === undefined ? { ...old, st: 'live' as const, home } : revived(old);
    };
    const updated = await updateObject(this.store, keys.record(digest), recordCodec, change, {
      ...o,
      probablyNew,
    });
    return updated?.value ?? fresh;
  }

  #fresh({ data, size, home }: NewRecord): BlobRecord {
    return { st: 'live', data, size, at: this.clock.now(), home };
  }

  /** The record, saved from a collector if need be; `undefined` when there is none. One request when nobody is after it. */
  async rescue(digest: Digest, o: CallOptions = {}): Promise<BlobRecord | undefined> {
    const updated = await updateObject(this.store, keys.record(digest), recordCodec, (old) => old && revived(old), o);
    return unlessDead(updated?.value);
  }

  /** Takes out a home that has not got the blob any more, so that the next repository to get it becomes the home. */
  async forgetHome(digest: Digest, gone: RepositoryName, o: CallOptions = {}): Promise<void> {
    const change = (old: BlobRecord | undefined) =>
      old?.home === gone && old.st !== 'dead' ? { ...old, home: undefined } : undefined;
    await updateObject(this.store, keys.record(digest), recordCodec, change, o);
  }
}

function revived(record: BlobRecord): BlobRecord | undefined {
  return record.st === 'condemned' ? { ...record, st: 'live' } : undefined;
}
