import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { filledContent, image, MANIFEST_TYPES, type Content, type Image } from '../harness/images.js';
import { pushBlob, pushImage } from '../harness/push.js';
import { sha256 } from '../harness/wire.js';
import { plantBlob } from './bare-servers.js';
import { clearAway } from './clear-away.js';
import type { Contestant, Running } from './contestants.js';
import { hashAndWrite, load, loadRequests, megabytesPerSecond } from './load-task.js';
import { Pattern } from './pattern.js';
import { residentMebibytes } from './peers.js';
import { requestsPerSecond, type Requests } from './requests.js';
import type { Measure, Row, Sizes, Target } from './rows.js';
import { settle } from './settle.js';

const REPOSITORY = 'bench/protocol';
const CONNECTIONS = 32;
const PUSHERS = 16;

/** What every registry is given, and bare servers answer. */
export interface Samples {
  readonly image: Image;
  readonly blob: Content;
}

export const samples: Samples = {
  image: image('bench', [filledContent('one', 10_000), filledContent('two', 10_000)]),
  blob: filledContent('ten kibibytes', 10 * 1024),
};

export interface Turn {
  readonly contestant: Contestant;
  /** Those it can be measured by. */
  readonly rows: readonly Row[];
  readonly sizes: Sizes;
  /** For this turn alone. */
  readonly folder: string;
  /** No other round has it: a registry that keeps what it was given must not find it again. */
  readonly salt: string;
  readonly found: (row: Row, value: number) => void;
  readonly failed: (row: Row, cause: unknown) => void;
}

/** One contestant, fresh, through all rows that it can be measured by. A row that fails does not end the turn. */
export async function takeTurn(turn: Turn): Promise<void> {
  const { contestant, folder } = turn;
  mkdirSync(folder, { recursive: true });
  if (contestant.role === 'disk') return measureRows(turn);
  const running = await contestant.start(join(folder, 'peer'));
  try {
    await prepare(turn, running);
    await measureRows(turn, running);
  } finally {
    await running.stop();
    clearAway(folder);
  }
}

async function measureRows(turn: Turn, running?: Running): Promise<void> {
  for (const row of turn.rows) {
    try {
      const value =
        running === undefined ? await measureDisk(turn, row.measure) : await measureOne(turn, running, row.measure);
      if (value !== undefined) turn.found(row, value);
    } catch (cause) {
      turn.failed(row, cause);
    }
  }
}

/** Gives it what will be asked for, which also takes the cost of what is loaded and compiled late. */
async function prepare({ contestant, rows, sizes, folder, salt }: Turn, { url, wire }: Running): Promise<void> {
  if (contestant.role === 'files') {
    const pattern = new Pattern(`${salt} large 0`, sizes.large);
    await plantBlob(join(folder, 'peer'), REPOSITORY, pattern);
  }
  const has = (...kinds: readonly Measure['kind'][]): boolean =>
    rows.some(({ measure }) => kinds.includes(measure.kind));
  if (contestant.role === 'registry') {
    await pushImage(wire, REPOSITORY, samples.image, 'tag');
    await pushBlob(wire, REPOSITORY, samples.blob);
    const large = { url, repository: REPOSITORY, name: `${salt} large`, sizeBytes: sizes.large, count: 1, streams: 1 };
    if (has('pull', 'push')) await load({ kind: 'push', ...large });
  }
  // A row has a warming of its own, too short for the first of them: what is compiled for it takes some seconds.
  if (has('requests')) await ask(url, PATHS.tag, { method: 'GET', warmSeconds: 0, seconds: sizes.freshSeconds });
}

async function measureOne(turn: Turn, running: Running, measure: Measure): Promise<number | undefined> {
  switch (measure.kind) {
    case 'requests':
      return measureRequests(turn, running, measure);
    case 'pull':
      return measurePull(turn, running, measure);
    case 'push':
      return measurePush(turn, running, measure.shape);
    case 'images':
    case 'tags':
      return measureSmallPushes(turn, running, measure.kind);
    case 'memory':
      return running.pid === undefined ? undefined : residentMebibytes(running.pid);
  }
}

const PATHS: Readonly<Record<Target, string>> = {
  tag: `/v2/${REPOSITORY}/manifests/tag`,
  digest: `/v2/${REPOSITORY}/manifests/${samples.image.digest}`,
  blob: `/v2/${REPOSITORY}/blobs/${samples.blob.digest}`,
  ping: '/v2/',
};

async function measureRequests(
  { sizes }: Turn,
  running: Running,
  { method, target }: { method: 'GET' | 'HEAD'; target: Target },
): Promise<number> {
  const path = PATHS[target];
  await verify(running, path, target);
  return ask(running.url, path, { method, warmSeconds: sizes.warmSeconds, seconds: sizes.requestSeconds });
}

function ask(url: string, path: string, how: Pick<Requests, 'method' | 'warmSeconds' | 'seconds'>): Promise<number> {
  return requestsPerSecond({ ...how, url: `${url}${path}`, connections: CONNECTIONS });
}

/** @throws Error unless the answer is what was pushed, byte for byte */
async function verify({ wire }: Running, path: string, target: Target): Promise<void> {
  const { status, body } = await wire.send('GET', path, { headers: { Accept: MANIFEST_TYPES } });
  const wanted = target === 'blob' ? samples.blob.digest : target === 'ping' ? undefined : samples.image.digest;
  if (status !== 200 || (wanted !== undefined && sha256(body) !== wanted))
    throw new Error(`GET ${path}: ${status}, and not the bytes that were pushed`);
}

async function measurePull(
  { sizes, salt }: Turn,
  { url }: Running,
  { streams, repeats }: { streams: number; repeats: number },
): Promise<number> {
  const what = { url, repository: REPOSITORY, name: `${salt} large`, sizeBytes: sizes.large, count: 1 };
  // All streams move the same bytes, so that hashing them once is enough.
  return megabytesPerSecond(await load({ kind: 'pull', ...what, streams, repeats, verify: streams === 1 }));
}

async function measurePush({ sizes, salt, folder }: Turn, { url }: Running, shape: 'large' | 'many'): Promise<number> {
  if (sizes.settled) settle(folder);
  const what = { url, repository: REPOSITORY, name: `${salt} pushed ${shape}`, ...pushShape(sizes, shape) };
  return megabytesPerSecond(await load({ kind: 'push', ...what }));
}

function pushShape({ large, many }: Sizes, shape: 'large' | 'many'): Sizes['many'] {
  return shape === 'many' ? many : { sizeBytes: large, count: 1, streams: 1 };
}

function measureSmallPushes({ sizes, salt }: Turn, { url }: Running, kind: 'images' | 'tags'): Promise<number> {
  const { pushWarmSeconds: warmSeconds, pushSeconds: seconds } = sizes;
  const repository = `bench/${kind}`;
  return loadRequests({ kind, url, connections: PUSHERS, warmSeconds, seconds, repository, name: salt });
}

async function measureDisk({ sizes, folder }: Turn, measure: Measure): Promise<number | undefined> {
  if (measure.kind !== 'push') return undefined;
  if (sizes.settled) settle(folder);
  const place = join(folder, 'disk');
  mkdirSync(place);
  const result = await hashAndWrite({ folder: place, ...pushShape(sizes, measure.shape), durable: true });
  rmSync(place, { recursive: true });
  return megabytesPerSecond(result);
}
