export { ConfigError } from './config-error.js';
export { configTable } from './config-table.js';
export type { QueueSetting, RegionPort } from './config-values.js';
export {
  describeConfig,
  loadConfig,
  loadRegionConfig,
  type Config,
  type ConfigRow,
  type LogFormat,
  type LogLevel,
  type RegionConfig,
} from './config.js';
export { createLogger, logWith, type LogFacts, type Logger, type LoggerOptions } from './logger.js';
export { openReadOnlyStore, openStore, openUnprovedStore } from './open-store.js';
export { redirectRule, redirectsFor, type RedirectRule } from './redirects.js';
export { currentRequest, currentRequestId, withRequest, type RequestFacts } from './request-context.js';
export { runUntilSignalled, type Own, type RunOptions } from './run-until-signalled.js';
export { Secret } from './secret.js';
