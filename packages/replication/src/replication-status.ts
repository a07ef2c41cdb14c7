import { systemClock, type Clock } from '@atoll/core';
import { listAll, readRegion, type RegionIdentity } from '@atoll/registry';
import { keys, type CallOptions, type ReadableStore } from '@atoll/storage';
import { isDirtyMark } from './dirty-mark.js';
import { readHead, readSegment, readWatermark } from './journal-objects.js';
import { reasonOf } from './log.js';

/** How far this region is behind one peer. */
export interface PeerStatus {
  readonly region: string;
  /** `absent`: the peer has not started yet. */
  readonly state: 'reachable' | 'absent' | 'unreachable';
  readonly reason?: string;
  /** Sealed at the peer and not yet taken in here. */
  readonly segmentsBehind: number;
  /** How long ago the oldest of them was acknowledged at the peer. */
  readonly oldestPendingAgeMs: number | undefined;
  /** To be compared as a whole; at most {@link MANY}. */
  readonly dirtyRepositories: number;
}

export interface ReplicationStatus {
  readonly region: string;
  /** Written and not yet in a segment; at most {@link MANY} per shard. */
  readonly unsealedEntries: number;
  readonly peers: readonly PeerStatus[];
}

/** Where counting stops: one listing. */
export const MANY = 1000;

/** Reads the stores only, so that it tells the truth whoever runs the workers. A peer that cannot be read is told as such. */
export async function readReplicationStatus(
  store: ReadableStore,
  identity: Pick<RegionIdentity, 'region' | 'shards'>,
  peers: ReadonlyMap<string, ReadableStore>,
  o: CallOptions & { readonly clock?: Clock } = {},
): Promise<ReplicationStatus> {
  const clock = o.clock ?? systemClock;
  const options = { signal: o.signal };
  const [unsealed, ...statuses] = await Promise.all([
    countUnsealed(store, identity.shards, options),
    ...[...peers].map(([region, peer]) => readPeer(store, region, peer, clock, options)),
  ]);
  return { region: identity.region, unsealedEntries: unsealed, peers: statuses };
}

async function countUnsealed(store: ReadableStore, shards: number, o: CallOptions): Promise<number> {
  const counts = await Promise.all(numbers(shards).map((shard) => count(store, keys.rawEntries(shard), o)));
  return counts.reduce((sum, one) => sum + one, 0);
}

async function readPeer(
  store: ReadableStore,
  region: string,
  peer: ReadableStore,
  clock: Clock,
  o: CallOptions,
): Promise<PeerStatus> {
  const dirtyRepositories = await countDirty(store, region, o);
  const unknown = { region, segmentsBehind: 0, oldestPendingAgeMs: undefined, dirtyRepositories };
  try {
    const identity = await readRegion(peer, o);
    if (identity === undefined) return { ...unknown, state: 'absent' };
    const shards = await Promise.all(numbers(identity.shards).map((shard) => readShard(store, region, peer, shard, o)));
    const oldest = Math.min(...shards.flatMap(({ oldestAt }) => oldestAt ?? []));
    return {
      ...unknown,
      state: 'reachable',
      segmentsBehind: shards.reduce((sum, { behind }) => sum + behind, 0),
      oldestPendingAgeMs: Number.isFinite(oldest) ? Math.max(0, clock.now() - oldest) : undefined,
    };
  } catch (cause) {
    o.signal?.throwIfAborted();
    return { ...unknown, state: 'unreachable', reason: reasonOf(cause) };
  }
}

async function readShard(
  store: ReadableStore,
  region: string,
  peer: ReadableStore,
  shard: number,
  o: CallOptions,
): Promise<{ behind: number; oldestAt: number | undefined }> {
  // The head first: read after the watermark, it could show segments as pending that are merged already.
  const head = await readHead(peer, shard, o);
  const next = (await readWatermark(store, region, shard, o))?.next ?? 1;
  const first = Math.max(next, head.floor + 1);
  if (first >= head.next) return { behind: 0, oldestAt: undefined };
  const segment = await readSegment(peer, shard, first, o);
  return { behind: head.next - first, oldestAt: segment?.entries[0]?.at };
}

async function count(store: ReadableStore, prefix: string, o: CallOptions): Promise<number> {
  return (await store.list(prefix, { ...o, limit: MANY })).entries.length;
}

/** Clean marks, which some stores keep, are stepped over. */
async function countDirty(store: ReadableStore, region: string, o: CallOptions): Promise<number> {
  let dirty = 0;
  for await (const marker of listAll(store, keys.dirtyMarkers(region), o)) {
    if (isDirtyMark(marker) && ++dirty === MANY) break;
  }
  return dirty;
}

function numbers(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
