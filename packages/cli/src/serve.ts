import { loadRegionConfig, runUntilSignalled } from '@atoll/runtime';
import { openRegion, openWorkplace, serveRegion, stopTimeoutSeconds, workRegion } from './region.js';
import { loggerFor, type Surroundings } from './surroundings.js';

/** Runs the API of one region until it is told to stop. @throws ConfigError, StorageError, a listening fault */
export async function serve(around: Surroundings, { withWorker }: { readonly withWorker: boolean }): Promise<number> {
  const config = loadRegionConfig(around.env);
  const log = loggerFor(around, config, { level: 'info' });
  return runUntilSignalled({
    log,
    stopTimeoutSeconds: stopTimeoutSeconds(config),
    start: async (own, signal) => {
      const opening = { config, log, own, signal };
      const region = await openRegion(config, opening);
      if (withWorker) await workRegion(region, { workplace: await openWorkplace(config, opening) }, opening);
      const { url } = await serveRegion(region, config.port, opening);
      region.log.info('serving', { url, storage: config.storage, worker: withWorker });
    },
  });
}
