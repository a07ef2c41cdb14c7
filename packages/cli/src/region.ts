import { startApi, type RunningApi } from '@atoll/api';
import { claimRegion, Registry } from '@atoll/registry';
import { BullQueue, InProcessQueue, type JobQueue } from '@atoll/replication';
import {
  logWith,
  openReadOnlyStore,
  openStore,
  redirectsFor,
  type Config,
  type Logger,
  type Own,
} from '@atoll/runtime';
import type { ReadableStore } from '@atoll/storage';
import { Loop, startWorker, type RunningWorker } from '@atoll/worker';
import { withAdvice } from './advice.js';

/** How soon the peers hear of what a change wrote that then failed. */
const SETTLE_EVERY_MS = 5_000;

/** Which region, and where its data and the others' are. */
export interface RegionPlan {
  readonly region: string;
  /** Bucket URLs. */
  readonly storage: string;
  readonly peers: ReadonlyMap<string, string>;
}

export interface Opening {
  readonly config: Config;
  readonly log: Logger;
  readonly own: Own;
  readonly signal: AbortSignal;
}

/** A region this process writes to. */
export interface OpenRegion {
  readonly region: string;
  readonly registry: Registry;
  readonly log: Logger;
}

/** What a region's worker runs on. */
export interface Workplace {
  readonly peers: ReadonlyMap<string, ReadableStore>;
  readonly queue: JobQueue;
}

/**
 * Opens a region to write to it. Everything opened is registered with `own`.
 * @throws StorageError with a sentence that says what is wrong and what to do
 */
export async function openRegion(plan: RegionPlan, opening: Opening): Promise<OpenRegion> {
  return withAdvice(plan.storage, open(plan, opening));
}

async function open({ region, storage }: RegionPlan, opening: Opening): Promise<OpenRegion> {
  const { config, own, signal } = opening;
  const log = logWith(opening.log, { region });
  const store = await openStore(storage, { signal, log });
  own(`store of ${region}`, () => store.close());
  const identity = await claimRegion(store, region, { signal });
  const registry = new Registry({ store, identity, log, uploads: { ttlSeconds: config.uploadTtlSeconds } });
  own(`intents of ${region}`, () => registry.intents.idle());
  // One process owns a folder: whatever a push was about to do there, it died with the process before this one.
  if (storage.startsWith('file:')) await registry.intents.resolve(0, { signal });
  const settling = new Loop({
    name: 'settling of failed changes',
    step: async (signal) => (await registry.intents.settleFailed({ signal })).settled > 0,
    everyMs: SETTLE_EVERY_MS,
    log,
  });
  own(`settling of ${region}`, () => settling.stop());
  return { region, registry, log };
}

/** @throws Error of node:net when the port cannot be listened on */
export async function serveRegion(
  { region, registry, log }: OpenRegion,
  port: number,
  opening: Opening,
): Promise<RunningApi> {
  const { config, own } = opening;
  const api = await startApi({
    registry,
    log,
    host: config.host,
    port,
    automaticMount: config.automaticMount,
    redirects: redirectsFor(config.redirects),
    limits: {
      drainMs: config.shutdownSeconds * 1000,
      bodyIdleMs: config.idleTimeoutSeconds * 1000,
      // Clients that unpack while they pull pause longer than those that push.
      responseIdleMs: 2 * config.idleTimeoutSeconds * 1000,
      minBodyBytesPerSecond: config.minRateBytesPerSecond,
    },
  });
  own(`API of ${region}`, () => api.stop());
  return api;
}

/** The others' buckets, to be read only, and the queue. Asks the buckets nothing: a region starts while others are away. */
export async function openWorkplace({ region, peers }: RegionPlan, opening: Opening): Promise<Workplace> {
  const { config, own } = opening;
  const log = logWith(opening.log, { region });
  const opened = new Map<string, ReadableStore>();
  for (const [peer, url] of peers) {
    const store = await withAdvice(url, openReadOnlyStore(url, { log }));
    own(`store of ${peer} for ${region}`, () => store.close());
    opened.set(peer, store);
  }
  return { peers: opened, queue: openQueue(region, config, log) };
}

export interface WorkerWiring {
  readonly workplace: Workplace;
  /** Called when other regions can read something new. */
  readonly onSealed?: () => void;
}

export async function workRegion(
  { region, registry, log }: OpenRegion,
  { workplace, onSealed }: WorkerWiring,
  { config, own }: Opening,
): Promise<RunningWorker> {
  const worker = await startWorker({
    ...workplace,
    registry,
    log,
    pollMilliseconds: config.pollMilliseconds,
    concurrency: config.jobConcurrency,
    ...(onSealed && { onSealed }),
  });
  own(`worker of ${region}`, () => worker.stop({ drainMs: config.shutdownSeconds * 1000 }));
  return worker;
}

/** A limit on the whole stop, which leaves time to close after requests and jobs have had theirs. */
export function stopTimeoutSeconds({ shutdownSeconds }: Pick<Config, 'shutdownSeconds'>): number {
  return shutdownSeconds + 15;
}

function openQueue(region: string, { queue }: Config, log: Logger): JobQueue {
  return queue.kind === 'memory'
    ? new InProcessQueue({ log })
    : new BullQueue({ url: queue.url.reveal(), region, log });
}
