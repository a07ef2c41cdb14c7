import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RunningApi } from '@atoll/api';
import { loadConfig, runUntilSignalled, type Config, type Own } from '@atoll/runtime';
import type { RunningWorker } from '@atoll/worker';
import { LiveLines } from './live-lines.js';
import { Overview } from './overview.js';
import {
  openRegion,
  openWorkplace,
  serveRegion,
  stopTimeoutSeconds,
  workRegion,
  type Opening,
  type OpenRegion,
  type RegionPlan,
  type Workplace,
} from './region.js';
import { writeSampleImage } from './sample-image.js';
import { loggerFor, type Surroundings } from './surroundings.js';
import { welcome } from './welcome.js';

/** A region's name begins with a letter, so this is never the folder of one. */
const SAMPLE_FOLDER = '_hello';

/** Runs every region of ATOLL_REGIONS in this process until it is told to stop. @throws ConfigError, StorageError, a listening fault */
export async function up(around: Surroundings): Promise<number> {
  const config = loadConfig(around.env);
  const lines = new LiveLines(around.stdout);
  const log = loggerFor(around, config, { level: 'warn', stream: lines.above(around.stderr) });
  return runUntilSignalled({
    log,
    stopTimeoutSeconds: stopTimeoutSeconds(config),
    start: async (own, signal) => {
      const opening = { config, log, own, signal };
      const regions = await openAll(plansOf(config), opening);
      await workAll(regions, opening);
      const apis = await serveAll(regions, opening);
      around.stdout.write(await welcomeFor(config, regions, apis));
      const overview = new Overview(regions, lines, log);
      own('overview', () => overview.stop());
    },
  });
}

/** Where `up` keeps each region, and who is whose peer. */
export function plansOf({
  regions,
  buckets,
  dataFolder,
}: Pick<Config, 'regions' | 'buckets' | 'dataFolder'>): RegionPlan[] {
  const folderOf = (region: string): string => pathToFileURL(resolve(dataFolder, region)).href;
  const urls = new Map(regions.map(({ region }) => [region, buckets.get(region) ?? folderOf(region)]));
  return regions.map(({ region }) => {
    const peers = new Map(urls);
    peers.delete(region);
    return { region, storage: urls.get(region) ?? '', peers };
  });
}

type UpRegion = OpenRegion & Workplace;

async function openAll(plans: readonly RegionPlan[], opening: Opening): Promise<UpRegion[]> {
  const regions: UpRegion[] = [];
  for (const plan of plans) {
    regions.push({ ...(await openRegion(plan, opening)), ...(await openWorkplace(plan, opening)) });
  }
  return regions;
}

async function serveAll(regions: readonly UpRegion[], opening: Opening): Promise<RunningApi[]> {
  const own = together('APIs', opening.own);
  const apis: RunningApi[] = [];
  for (const [index, { port }] of opening.config.regions.entries()) {
    const region = regions[index];
    if (region) apis.push(await serveRegion(region, port, { ...opening, own }));
  }
  return apis;
}

/** Regions in one process need not wait for each other's next look. */
async function workAll(regions: readonly UpRegion[], opening: Opening): Promise<void> {
  const own = together('workers', opening.own);
  const workers = new Map<string, RunningWorker>();
  for (const region of regions) {
    const onSealed = (): void => {
      for (const [name, worker] of workers) if (name !== region.region) worker.wake();
    };
    workers.set(region.region, await workRegion(region, { workplace: region, onSealed }, { ...opening, own }));
  }
}

/** What is registered with the answer stops at the same time, so that regions do not wait for each other's last requests. */
function together(name: string, own: Own): Own {
  const stops: (() => Promise<void>)[] = [];
  own(name, async () => void (await Promise.all(stops.map((stop) => stop()))));
  return (_name, stop) => void stops.push(stop);
}

async function welcomeFor(
  { dataFolder, buckets }: Config,
  regions: readonly UpRegion[],
  apis: readonly RunningApi[],
): Promise<string> {
  const folder = resolve(dataFolder);
  const sample = resolve(dataFolder, SAMPLE_FOLDER);
  await writeSampleImage(sample);
  const addresses = regions.map(({ region }, index) => ({
    region,
    url: apis[index]?.url ?? '',
    bucket: buckets.get(region),
  }));
  return welcome(addresses, folder, sample);
}
