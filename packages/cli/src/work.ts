import { loadRegionConfig, runUntilSignalled } from '@atoll/runtime';
import { openRegion, openWorkplace, stopTimeoutSeconds, workRegion } from './region.js';
import { loggerFor, type Surroundings } from './surroundings.js';

/** Runs the worker of one region until it is told to stop. @throws ConfigError, StorageError */
export async function work(around: Surroundings): Promise<number> {
  const config = loadRegionConfig(around.env);
  const log = loggerFor(around, config, { level: 'info' });
  return runUntilSignalled({
    log,
    stopTimeoutSeconds: stopTimeoutSeconds(config),
    start: async (own, signal) => {
      const opening = { config, log, own, signal };
      const region = await openRegion(config, opening);
      await workRegion(region, { workplace: await openWorkplace(config, opening) }, opening);
      region.log.info('working', { storage: config.storage, peers: [...config.peers.keys()] });
    },
  });
}
