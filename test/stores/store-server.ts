import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Stand } from '@atoll/storage-gcs/testing';
import { FAKE_CREDENTIALS, FakeS3 } from '@atoll/storage-s3/testing';
import { Azurite } from './azurite.js';
import { startMinio } from './minio.js';
import { S3Proxy } from './s3proxy.js';
import { startVersitygw } from './versitygw.js';

/** Something that holds buckets. */
export interface StoreServer {
  /** The URL of an empty bucket, or of an empty place in one. Each name is used once. */
  place(name: string): string | Promise<string>;
  /** What a process of Atoll needs to be let in. */
  readonly environment: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Servers of tests, by the names that stand for them on a command line. */
const STARTERS = new Map<string, () => Promise<StoreServer>>([
  [
    'fake-s3',
    async () => {
      const fake = await FakeS3.start();
      return {
        place: (name) => fake.url(name),
        environment: s3Environment(FAKE_CREDENTIALS),
        stop: () => fake.stop(),
      };
    },
  ],
  ['versitygw', startVersitygw],
  ['s3proxy', () => S3Proxy.start()],
  ['minio', startMinio],
  [
    'azurite',
    async () => {
      const server = await Azurite.start();
      return {
        place: (name) => server.url(name),
        environment: server.environment,
        stop: () => server.stop(),
      };
    },
  ],
  [
    'fake-gcs',
    async () => {
      const stand = await Stand.start();
      return {
        place: (name) => stand.fake.url(name),
        environment: { GOOGLE_APPLICATION_CREDENTIALS: stand.keyFile },
        stop: () => stand.stop(),
      };
    },
  ],
]);

export const STORE_SERVERS: readonly string[] = [...STARTERS.keys()];

/**
 * What holds the buckets of a run: a server that is started for it, where `storage` names one, or else the bucket at that URL, in which
 * every place is a folder of a name that nobody has used.
 * @throws Error when the server is missing or does not start, or `storage` is neither
 */
export async function openStoreServer(storage: string): Promise<StoreServer> {
  const start = STARTERS.get(storage);
  if (start !== undefined) return start();
  const url = URL.parse(storage);
  if (url === null) throw new Error(`${storage} is neither a URL nor one of ${STORE_SERVERS.join(', ')}`);
  return { place: (name) => placeIn(url, name), environment: {}, stop: async () => undefined };
}

/** Where two regions keep what they are given, each on a server of its own or on one that they share. */
export interface RegionBuckets {
  /** By region. */
  readonly urls: ReadonlyMap<string, string>;
  /** What a process needs that runs them. */
  readonly environment: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

/** @param storages such as `eu=versitygw` and `us=s3://bucket` @throws Error as {@link openStoreServer} */
export async function openRegionBuckets(storages: readonly string[]): Promise<RegionBuckets> {
  const servers = new Map<string, StoreServer>();
  const stop = async (): Promise<void> =>
    void (await Promise.all([...servers.values()].map((server) => server.stop())));
  try {
    const urls = new Map<string, string>();
    for (const text of storages) {
      const [, region = '', storage = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
      const server = servers.get(storage) ?? (await openStoreServer(storage));
      servers.set(storage, server);
      urls.set(region, await server.place(`region-${region}`));
    }
    const buckets = [...urls].map(([region, url]) => `${region}=${url}`).join(',');
    const environment: NodeJS.ProcessEnv = buckets === '' ? {} : { ATOLL_BUCKETS: buckets };
    for (const server of servers.values()) Object.assign(environment, server.environment);
    return { urls, environment, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

function placeIn(bucket: URL, name: string): string {
  const url = new URL(bucket);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${name}-${randomBytes(4).toString('hex')}`;
  if (url.protocol === 'file:') mkdirSync(fileURLToPath(url), { recursive: true });
  return url.href;
}

function s3Environment({ accessKeyId, secretAccessKey }: S3Keys): NodeJS.ProcessEnv {
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
}
