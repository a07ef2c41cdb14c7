import { join } from 'node:path';
import type { S3Credentials } from '@atoll/storage-s3';
import { FAKE_CREDENTIALS } from '@atoll/storage-s3/testing';
import { S3_CREDENTIALS, type S3Server } from '../stores/s3-server.js';
import { startVersitygw } from '../stores/versitygw.js';
import { BottomlessS3 } from './bottomless-s3.js';
import { median, memoryFigure, rateFigure, type BenchContext, type Figure } from './figures.js';
import { load, loadRequests, megabytesPerSecond } from './load-task.js';
import {
  peakResidentMebibytes,
  residentMebibytes,
  startDistribution,
  startServe,
  stopPeer,
  type Peer,
} from './peers.js';
import { settle } from './settle.js';

const IMAGES = { connections: 16, most: 300, warmSeconds: 0, seconds: 0 } as const;
const LARGE = { sizeBytes: 512 * 1_048_576, count: 2, streams: 2 } as const;
const LEAST = 2;
const GIANTS = { sizeBytes: 1024 ** 3, count: 1, repeats: 50, streams: 50 } as const;
const MOST_MEBIBYTES = 1_536;

const ROWS = {
  pushImages: ['300 small images pushed, 16 at a time', 'images/s'],
  pullImages: ['300 small images pulled, 16 at a time', 'images/s'],
  pushLarge: ['push, 2 blobs of 512 MiB at once', 'MB/s'],
  pullLarge: ['pull, 2 blobs of 512 MiB at once', 'MB/s'],
} as const;

type Row = keyof typeof ROWS;
type Rates = Record<Row, number>;

/** Atoll and docker-registry, each with its S3 driver, in buckets of their own on a versitygw of their own. */
export async function benchBuckets({ folder, rounds, note }: BenchContext): Promise<Figure[]> {
  const ours: Rates[] = [];
  const theirs: Rates[] = [];
  for (let round = 0; round < rounds; round++) {
    note(`buckets, round ${round + 1} of ${rounds}`);
    ours.push(await measure(folder, startAtoll));
    theirs.push(await measure(folder, startOther));
  }
  return Object.entries(ROWS).map(([row, [what, unit]]) => {
    const of = (rates: readonly Rates[]): number => median(rates.map((rate) => rate[row as Row]));
    return rateFigure(`S3: ${what}`, unit, of(ours), { name: 'docker-registry', value: of(theirs) }, LEAST);
  });
}

/** Many large uploads to S3 at once. The server drops the bytes, for there are 50 GiB of them. */
export async function benchGiants({ folder, note }: BenchContext): Promise<Figure[]> {
  note('giants: 50 uploads of 1 GiB');
  const server = await BottomlessS3.start();
  const place = join(folder, 'registry');
  try {
    const peer = await startServe(place, { env: environment(server.makeBucket('atoll'), FAKE_CREDENTIALS) });
    const idle = residentMebibytes(peer.service.pid);
    await load({ ...GIANTS, url: peer.wire.url, repository: 'bench/giants', name: 'giant', kind: 'push' });
    const peak = peakResidentMebibytes(peer.service.pid);
    await stopPeer(peer, place);
    return [memoryFigure('S3: peak resident memory, 50 uploads of 1 GiB at once', peak, idle, MOST_MEBIBYTES)];
  } finally {
    await server.stop();
  }
}

async function measure(folder: string, start: (server: S3Server, folder: string) => Promise<Peer>): Promise<Rates> {
  const server = await startVersitygw(folder, { keepAlive: true });
  const place = join(folder, 'registry');
  try {
    const peer = await start(server, place);
    return await ratesOf(peer, folder).finally(() => stopPeer(peer, place));
  } finally {
    await server.stop();
  }
}

async function ratesOf({ wire: { url } }: Peer, folder: string): Promise<Rates> {
  const images = { url, repository: 'bench/small', ...IMAGES };
  const large = { url, repository: 'bench/large', name: 'large', ...LARGE };
  // A first push takes the cost of what is loaded and compiled late.
  await loadRequests({ ...images, kind: 'images', name: 'warm' });
  await load({ ...large, kind: 'push', name: 'warm', sizeBytes: 32 * 1_048_576 });
  settle(folder);
  const pushImages = await loadRequests({ ...images, kind: 'images', name: 'small' });
  const pullImages = await loadRequests({ ...images, kind: 'pulls', name: 'small' });
  settle(folder);
  const pushLarge = megabytesPerSecond(await load({ ...large, kind: 'push' }));
  settle(folder);
  const pullLarge = megabytesPerSecond(await load({ ...large, kind: 'pull', verify: true }));
  return { pushImages, pullImages, pushLarge, pullLarge };
}

async function startAtoll(server: S3Server, folder: string): Promise<Peer> {
  return startServe(folder, { env: environment(await server.makeBucket('atoll'), S3_CREDENTIALS) });
}

function environment(bucket: string, { accessKeyId, secretAccessKey }: S3Credentials): NodeJS.ProcessEnv {
  return {
    ATOLL_STORAGE: bucket,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: 'us-east-1',
  };
}

async function startOther(server: S3Server, folder: string): Promise<Peer> {
  const { accessKeyId, secretAccessKey } = S3_CREDENTIALS;
  await server.makeBucket('other');
  const s3 = [
    `accesskey: ${accessKeyId}`,
    `secretkey: ${secretAccessKey}`,
    'region: us-east-1',
    `regionendpoint: "${server.endpoint}"`,
    'bucket: other',
    'secure: false',
    'v4auth: true',
  ];
  // Bytes come from the registry itself, as ours do.
  return startDistribution('docker-registry', folder, `s3: { ${s3.join(', ')} }, redirect: { disable: true }`);
}
