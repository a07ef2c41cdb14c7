import { readRegion } from '@atoll/registry';
import { readReplicationStatus, type PeerStatus, type ReplicationStatus } from '@atoll/replication';
import { loadConfig, loadRegionConfig, openReadOnlyStore, type RegionConfig } from '@atoll/runtime';
import type { ReadableStore } from '@atoll/storage';
import type { RegionPlan } from './region.js';
import type { Surroundings } from './surroundings.js';
import { plansOf } from './up.js';
import { UsageError } from './usage-error.js';

type RegionStatus = ReplicationStatus & { readonly started: true };
/** A region whose bucket no process has claimed yet. */
type Absent = { readonly region: string; readonly started: false };

/**
 * Prints how far each region is behind its peers: the region that the settings name, or else those of `up`. Reads buckets and
 * nothing else, so it works beside running processes and without any.
 */
export async function status({ env, stdout }: Surroundings, { json }: { readonly json: boolean }): Promise<number> {
  const plans = plansNamedBy(env);
  const statuses: (RegionStatus | Absent)[] = [];
  for (const plan of plans) statuses.push(await statusOf(plan));
  if (!statuses.some(({ started }) => started)) throw new UsageError(nothingAt(plans));
  stdout.write(json ? `${JSON.stringify({ regions: statuses }, undefined, 2)}\n` : tableOf(statuses));
  return 0;
}

/** The region that the settings name, or else those of `up`. @throws ConfigError */
export function plansNamedBy(env: NodeJS.ProcessEnv): RegionPlan[] {
  return env['ATOLL_STORAGE'] ? [planOf(loadRegionConfig(env))] : plansOf(loadConfig(env));
}

function planOf({ region, storage, peers }: RegionConfig): RegionPlan {
  return { region, storage, peers };
}

function nothingAt(plans: readonly RegionPlan[]): string {
  const places = plans.map(({ region, storage }) => `${region} in ${storage}`).join(', ');
  return `no region has started here yet: looked for ${places}`;
}

async function statusOf({ region, storage, peers: urls }: RegionPlan): Promise<RegionStatus | Absent> {
  const store = await openReadOnlyStore(storage);
  const peers = new Map<string, ReadableStore>();
  try {
    const identity = await readRegion(store);
    if (identity === undefined) return { region, started: false };
    for (const [name, url] of urls) peers.set(name, await openReadOnlyStore(url));
    return { ...(await readReplicationStatus(store, identity, peers)), started: true };
  } finally {
    for (const opened of [store, ...peers.values()]) await opened.close();
  }
}

function tableOf(statuses: readonly (RegionStatus | Absent)[]): string {
  const lines = statuses.flatMap((status) => {
    if (!status.started) return [`${status.region}: has not started yet`];
    const own = `${status.region}: ${many(status.unsealedEntries, 'change')} not yet offered to the other regions`;
    return [own, ...status.peers.map((peer) => `  behind ${peer.region}: ${sentenceOf(peer)}`)];
  });
  return `${lines.join('\n')}\n`;
}

function sentenceOf(peer: PeerStatus): string {
  const dirty = peer.dirtyRepositories > 0 ? [`${many(peer.dirtyRepositories, 'repository')} to compare`] : [];
  if (peer.state === 'absent') return ['unknown, it has not started yet', ...dirty].join('; ');
  if (peer.state === 'unreachable')
    return [`unknown, its bucket cannot be read (${peer.reason ?? ''})`, ...dirty].join('; ');
  if (peer.segmentsBehind === 0) return dirty[0] ?? 'nothing pending';
  const lagSeconds = Math.round((peer.oldestPendingAgeMs ?? 0) / 1000);
  return [`${lagSeconds} s`, `${many(peer.segmentsBehind, 'batch')} of changes pending`, ...dirty].join('; ');
}

const PLURALS: Readonly<Record<string, string>> = { repository: 'repositories', batch: 'batches' };

function many(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`;
  // The reader stops counting at a thousand.
  return `${count === 1000 ? '1000 or more' : count} ${PLURALS[noun] ?? `${noun}s`}`;
}
