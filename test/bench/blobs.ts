import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findTool } from '../clients/tool.js';
import { plantBlob, startNginx } from './bare-servers.js';
import { median, rateFigure, type BenchContext, type Figure } from './figures.js';
import { hashAndWrite, load, megabytesPerSecond } from './load-task.js';
import { Pattern } from './pattern.js';
import { startDockerRegistry, startServe, stopPeer, type Peer } from './peers.js';
import { settle } from './settle.js';

const MEBIBYTE = 1024 * 1024;
const ONE = { sizeBytes: 512 * MEBIBYTE, count: 1, streams: 1 };
const EIGHT = { sizeBytes: 64 * MEBIBYTE, count: 16, streams: 8 };
/** As when an image comes to all nodes of a cluster at once. */
const SAME = { sizeBytes: 128 * MEBIBYTE, count: 1, streams: 8, repeats: 8 };
const REPOSITORY = 'bench/blobs';

interface PullRates {
  readonly pullEight: number[];
  readonly pullSame: number[];
}

interface Rates extends PullRates {
  readonly pushOne: number[];
  readonly pushEight: number[];
}

const noRates = (): Rates => ({ pushOne: [], pushEight: [], pullEight: [], pullSame: [] });

/** Pushes and pulls of large blobs: Atoll, docker-registry, the bare baseline and, for pulls, nginx take turns in every round. */
export async function benchBlobs({ folder, rounds, note }: BenchContext): Promise<Figure[]> {
  const [atoll, other, nginx] = [noRates(), noRates(), noRates()];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round++) {
    note(`blobs, round ${round + 1} of ${rounds}`);
    bare.push(await bareWrite(join(folder, 'bare')));
    await measure(await startServe(join(folder, 'atoll')), join(folder, 'atoll'), atoll);
    await measure(await startDockerRegistry(join(folder, 'docker-registry')), join(folder, 'docker-registry'), other);
    if (findTool('nginx') !== undefined) await measureNginx(join(folder, 'nginx'), nginx);
  }
  const peer = (values: readonly number[]): { name: string; value: number } => ({
    name: 'docker-registry',
    value: median(values),
  });
  return [
    rateFigure(
      'push, one stream of 512 MiB',
      'MB/s',
      median(atoll.pushOne),
      { name: 'sha256 and write alone', value: median(bare) },
      0.6,
    ),
    rateFigure('push, one stream of 512 MiB', 'MB/s', median(atoll.pushOne), peer(other.pushOne)),
    rateFigure('push, 16 blobs of 64 MiB, 8 at once', 'MB/s', median(atoll.pushEight), peer(other.pushEight), 1.5),
    ...pullFigures('pull, 16 blobs of 64 MiB, 8 at once', ({ pullEight }) => pullEight, { atoll, other, nginx }),
    ...pullFigures('pull, one blob of 128 MiB 8 times, at once', ({ pullSame }) => pullSame, { atoll, other, nginx }),
  ];
}

function pullFigures(
  what: string,
  of: (rates: PullRates) => readonly number[],
  { atoll, other, nginx }: Readonly<Record<'atoll' | 'other' | 'nginx', PullRates>>,
): Figure[] {
  const against = (name: string, rates: PullRates, least?: number): Figure[] =>
    of(rates).length === 0
      ? []
      : [rateFigure(what, 'MB/s', median(of(atoll)), { name, value: median(of(rates)) }, least)];
  return [...against('docker-registry', other, 1.5), ...against('nginx, sendfile', nginx)];
}

async function bareWrite(folder: string): Promise<number> {
  settle(dirname(folder));
  mkdirSync(folder);
  const result = await hashAndWrite({ folder, ...ONE, durable: false });
  rmSync(folder, { recursive: true });
  return megabytesPerSecond(result);
}

async function measure(peer: Peer, folder: string, rates: Rates): Promise<void> {
  const common = { url: peer.wire.url, repository: REPOSITORY };
  // A first push takes the cost of what is loaded and compiled late.
  await load({ ...common, kind: 'push', name: 'warm', sizeBytes: 32 * MEBIBYTE, count: 16, streams: 4 });
  settle(dirname(folder));
  rates.pushOne.push(megabytesPerSecond(await load({ ...common, kind: 'push', name: 'one', ...ONE })));
  settle(dirname(folder));
  rates.pushEight.push(megabytesPerSecond(await load({ ...common, kind: 'push', name: 'eight', ...EIGHT })));
  await load({ ...common, kind: 'push', name: 'same', ...SAME, streams: 1, repeats: 1 });
  await measurePulls(peer, folder, rates);
  await stopPeer(peer, folder);
}

async function measurePulls(peer: Peer, folder: string, rates: PullRates): Promise<void> {
  const common = { url: peer.wire.url, repository: REPOSITORY, kind: 'pull' } as const;
  settle(dirname(folder));
  rates.pullEight.push(megabytesPerSecond(await load({ ...common, name: 'eight', ...EIGHT, verify: true })));
  rates.pullSame.push(megabytesPerSecond(await load({ ...common, name: 'same', ...SAME, verify: true })));
}

/** What the kernel can send on this machine to this client. */
async function measureNginx(folder: string, rates: PullRates): Promise<void> {
  const nginx = await startNginx(folder);
  for (let at = 0; at < EIGHT.count; at++)
    await plantBlob(folder, REPOSITORY, new Pattern(`eight ${at}`, EIGHT.sizeBytes));
  await plantBlob(folder, REPOSITORY, new Pattern('same 0', SAME.sizeBytes));
  await measurePulls(nginx, folder, rates);
  await stopPeer(nginx, folder);
}
