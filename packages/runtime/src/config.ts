import { z } from 'zod';
import { closestName } from './closest-name.js';
import { ConfigError } from './config-error.js';
import {
  onOrOff,
  peerList,
  portNumber,
  queueUrl,
  regionName,
  regionPorts,
  storageUrl,
  wholeNumber,
} from './config-values.js';
import { redirectRule } from './redirects.js';

const PREFIX = 'ATOLL_';
/** What tests of the product read for themselves; the product ignores it. */
const TEST_PREFIXES = ['ATOLL_TEST_', 'ATOLL_CONFORMANCE_'];

const DAY_SECONDS = 86_400;
const PRESET_REGIONS = 'eu=5001,us=5002';

/** Every setting there is. The README's table and `atoll help config` are made from this. */
const Environment = z.object({
  ATOLL_REGION: optional(regionName, "This region's name, such as `eu`. Needed by `serve` and `work`."),
  ATOLL_STORAGE: optional(
    storageUrl,
    'The bucket of this region: `file:///absolute/folder`, `s3://bucket/prefix?region=…`, `az://account/container/prefix` or `gs://bucket/prefix`. Needed by `serve` and `work`.',
  ),
  ATOLL_PEERS: optional(
    peerList,
    'The other regions and their buckets, read only: `us=file:///data/us,ap=file:///data/ap`.',
  ),
  ATOLL_HOST: preset('127.0.0.1', z.string().min(1), 'The address the API listens on. There is no authentication yet.'),
  ATOLL_PORT: preset('5000', portNumber, 'The port the API of `serve` listens on; 0 takes a free one.'),
  ATOLL_QUEUE: preset(
    'memory',
    queueUrl,
    'Where jobs wait: `memory`, or `redis://host:port/db`. Losing it loses no change.',
  ),
  ATOLL_DATA: preset('.atoll', z.string().min(1), 'The folder in which `up` keeps one folder per region.'),
  ATOLL_REGIONS: preset(PRESET_REGIONS, regionPorts, 'The regions `up` runs, and the port of each.'),
  ATOLL_BUCKETS: optional(
    peerList,
    'The buckets of the regions `up` runs, as in `ATOLL_STORAGE`: `eu=file:///data/eu`. A region without one has a folder in `ATOLL_DATA`.',
  ),
  ATOLL_LOG_LEVEL: optional(
    z.enum(['error', 'warn', 'info', 'debug'], 'must be error, warn, info or debug'),
    'The least severe lines logged: `error`, `warn`, `info` or `debug`. By default `info`, and `warn` under `up`.',
  ),
  ATOLL_LOG_FORMAT: optional(
    z.enum(['json', 'pretty'], 'must be json or pretty'),
    'How log lines are written to standard error: `json` or `pretty`. By default `json`, and `pretty` on a terminal.',
  ),
  ATOLL_UPLOAD_TTL_SECONDS: preset(
    String(DAY_SECONDS),
    wholeNumber({ least: 60, most: 30 * DAY_SECONDS }),
    'How long an unfinished upload can be resumed.',
  ),
  ATOLL_AUTOMATIC_MOUNT: preset(
    'off',
    onOrOff,
    'Whether a mount that names no source repository is looked up: `on` or `off`. It tells who asks that a digest is known.',
  ),
  ATOLL_REDIRECTS: preset(
    'off',
    redirectRule,
    'Whether a client that pulls a blob is sent to the bucket by a signed URL: `on`, `off`, or one of them with clients left out, such as `on except 10.0.0.0/8,fd00::/8`.',
  ),
  ATOLL_POLL_MILLISECONDS: preset(
    '1000',
    wholeNumber({ least: 10, most: 3_600_000 }),
    'How often a worker looks for changes nobody told it of.',
  ),
  ATOLL_JOB_CONCURRENCY: preset('16', wholeNumber({ least: 1, most: 256 }), 'How many jobs a worker runs at once.'),
  ATOLL_SHUTDOWN_SECONDS: preset(
    '30',
    wholeNumber({ least: 1, most: 3_600 }),
    'How long a stopping process waits for requests and jobs in progress.',
  ),
  ATOLL_IDLE_TIMEOUT_SECONDS: preset(
    '60',
    wholeNumber({ least: 1, most: 3_600 }),
    'How long a connection may move no byte in the middle of a request.',
  ),
  ATOLL_MIN_RATE_BYTES: preset(
    '1024',
    wholeNumber({ least: 0, most: 1_000_000_000 }),
    'Bytes per second below which a slow request is ended; 0 ends none.',
  ),
});

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
export type LogFormat = 'json' | 'pretty';

/** The environment, checked. @see loadConfig */
export type Config = ReturnType<typeof named>;

/** What a process needs that serves or works for one region. */
export type RegionConfig = Config & { readonly region: string; readonly storage: string };

/** One row of the configuration table. */
export interface ConfigRow {
  readonly name: string;
  /** As it would be typed; absent where the setting has none. */
  readonly preset?: string;
  readonly about: string;
}

/** @throws ConfigError with every fault at once: bad values, and unknown `ATOLL_` names, which are typing errors */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  return load(env, []);
}

/** As `loadConfig`, for a process of one region. @throws ConfigError also when ATOLL_REGION or ATOLL_STORAGE is missing */
export function loadRegionConfig(env: NodeJS.ProcessEnv): RegionConfig {
  const { region, storage, ...rest } = load(env, ['ATOLL_REGION', 'ATOLL_STORAGE']);
  if (region === undefined || storage === undefined)
    throw new ConfigError(['ATOLL_REGION and ATOLL_STORAGE must be set']);
  return { ...rest, region, storage };
}

/** Every setting in the order of the table. */
export function describeConfig(): ConfigRow[] {
  return Object.entries(Environment.shape).map(([name, schema]) => {
    const { about, preset: value } = Facts.parse(schema.meta());
    return value === undefined ? { name, about } : { name, preset: value, about };
  });
}

function load(env: NodeJS.ProcessEnv, needed: readonly string[]): Config {
  const given = productNames(env);
  const parsed = Environment.safeParse(given);
  const faults = [
    ...Object.keys(given)
      .filter((name) => !(name in Environment.shape))
      .map(unknownName),
    ...needed.filter((name) => !(name in given)).map((name) => `${name} must be set`),
    ...(parsed.error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}`),
    ...ownRegionAmongPeers(given),
    ...bucketsOfNoRegion(given),
  ];
  if (parsed.data === undefined || faults.length > 0) throw new ConfigError(faults);
  return named(parsed.data);
}

function named(env: z.output<typeof Environment>) {
  return {
    region: env.ATOLL_REGION,
    storage: env.ATOLL_STORAGE,
    /** Bucket URLs by region. */
    peers: env.ATOLL_PEERS ?? new Map<string, string>(),
    host: env.ATOLL_HOST,
    port: env.ATOLL_PORT,
    queue: env.ATOLL_QUEUE,
    dataFolder: env.ATOLL_DATA,
    regions: env.ATOLL_REGIONS,
    /** Bucket URLs of the regions that `up` does not keep in a folder of its own. */
    buckets: env.ATOLL_BUCKETS ?? new Map<string, string>(),
    /** Absent: the command's own choice, as is the format. */
    logLevel: env.ATOLL_LOG_LEVEL,
    logFormat: env.ATOLL_LOG_FORMAT,
    uploadTtlSeconds: env.ATOLL_UPLOAD_TTL_SECONDS,
    automaticMount: env.ATOLL_AUTOMATIC_MOUNT,
    redirects: env.ATOLL_REDIRECTS,
    pollMilliseconds: env.ATOLL_POLL_MILLISECONDS,
    jobConcurrency: env.ATOLL_JOB_CONCURRENCY,
    shutdownSeconds: env.ATOLL_SHUTDOWN_SECONDS,
    idleTimeoutSeconds: env.ATOLL_IDLE_TIMEOUT_SECONDS,
    minRateBytesPerSecond: env.ATOLL_MIN_RATE_BYTES,
  } as const;
}

/** Ours, and set: an empty value is how many tools spell "not set". */
function productNames(env: NodeJS.ProcessEnv): Record<string, string> {
  const ours: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || TEST_PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    if (value !== undefined && value !== '') ours[name] = value;
  }
  return ours;
}

function unknownName(name: string): string {
  const meant = closestName(name, Object.keys(Environment.shape));
  return `${name} is not a setting${meant === undefined ? '; `atoll help config` lists them all' : `; did you mean ${meant}?`}`;
}

function ownRegionAmongPeers({ ATOLL_REGION, ATOLL_STORAGE, ATOLL_PEERS }: Record<string, string>): string[] {
  const peers = ATOLL_PEERS === undefined ? undefined : peerList.safeParse(ATOLL_PEERS).data;
  return [...(peers ?? [])].flatMap(([region, url]) => {
    if (region === ATOLL_REGION) return [`ATOLL_PEERS names ${region}, which is this region itself`];
    if (url === ATOLL_STORAGE) return [`ATOLL_PEERS gives ${region} the bucket of this region`];
    return [];
  });
}

function bucketsOfNoRegion({ ATOLL_REGIONS = PRESET_REGIONS, ATOLL_BUCKETS }: Record<string, string>): string[] {
  const buckets = ATOLL_BUCKETS === undefined ? undefined : peerList.safeParse(ATOLL_BUCKETS).data;
  const regions = regionPorts.safeParse(ATOLL_REGIONS).data?.map(({ region }) => region);
  if (buckets === undefined || regions === undefined) return [];
  const owners = new Map<string, string>();
  return [...buckets].flatMap(([region, url]) => {
    if (!regions.includes(region)) return [`ATOLL_BUCKETS names ${region}, and the regions are ${regions.join(', ')}`];
    const owner = owners.get(url);
    owners.set(url, region);
    return owner === undefined ? [] : [`ATOLL_BUCKETS gives ${owner} and ${region} the same bucket`];
  });
}

const Facts = z.object({ about: z.string(), preset: z.string().optional() });

function optional<T extends z.ZodType<unknown, string>>(schema: T, about: string) {
  return schema.optional().meta({ about });
}

function preset<T extends z.ZodType<unknown, string>>(value: string, schema: T, about: string) {
  return z.string().default(value).pipe(schema).meta({ about, preset: value });
}
