import { randomBytes } from 'node:crypto';
import { type Origin } from '@atoll/core';
import { keys, StorageError, type CallOptions, type ObjectStore, type ReadableStore } from '@atoll/storage';
import { z } from 'zod';
import { updateObject } from './cas.js';
import { jsonCodec, readObject } from './json-object.js';

/** Who a bucket belongs to, kept in the bucket itself. */
export interface RegionIdentity {
  readonly region: string;
  /** Grows when a region starts over, so that its new writes are not taken for old ones. */
  readonly incarnation: number;
  /** How many journals the region's repositories are spread over; fixed for the bucket's life. */
  readonly shards: number;
  /** Signs upload ids; 32 random bytes, base64url. */
  readonly uploadSecret: string;
}

const DEFAULT_SHARDS = 4;

const regionCodec = jsonCodec<RegionIdentity>(
  z.object({
    region: z.string().min(1),
    incarnation: z.int().positive(),
    shards: z.int().positive(),
    uploadSecret: z.string().min(1),
  }),
);

/** Whose clock and whose writes a dot belongs to: `eu#1`. */
export function originOf(identity: Pick<RegionIdentity, 'region' | 'incarnation'>): Origin {
  return `${identity.region}#${identity.incarnation}`;
}

/**
 * Makes an empty bucket this region's own, or finds that it already is. Safe to race and to repeat.
 * @throws StorageError denied, when the bucket belongs to another region
 */
export async function claimRegion(
  store: ObjectStore,
  region: string,
  o: CallOptions & { readonly shards?: number } = {},
): Promise<RegionIdentity> {
  const fresh: RegionIdentity = {
    region,
    incarnation: 1,
    shards: o.shards ?? DEFAULT_SHARDS,
    uploadSecret: randomBytes(32).toString('base64url'),
  };
  const claimed = await updateObject(store, keys.region, regionCodec, (old) => (old ? undefined : fresh), {
    signal: o.signal,
  });
  const identity = claimed?.value ?? fresh;
  if (identity.region === region) return identity;
  throw new StorageError(
    'denied',
    `${store.url} belongs to region ${identity.region}, not to ${region}: give each region a store of its own`,
    { key: keys.region },
  );
}

/** The identity in a peer's bucket; `undefined` until the peer has started for the first time. */
export async function readRegion(store: ReadableStore, o: CallOptions = {}): Promise<RegionIdentity | undefined> {
  return (await readObject(store, keys.region, regionCodec, o))?.value;
}
