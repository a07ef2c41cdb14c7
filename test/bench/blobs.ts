import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { median, rateFigure, type BenchContext, type Figure } from './figures.js';
import { hashAndWrite, load, megabytesPerSecond } from './load-task.js';
import { startDockerRegistry, startServe, stopPeer, type Peer } from './peers.js';
import { settle } from './settle.js';

const MEBIBYTE = 1024 * 1024;
const ONE = { sizeBytes: 512 * MEBIBYTE, count: 1, streams: 1 };
const EIGHT = { sizeBytes: 64 * MEBIBYTE, count: 16, streams: 8 };

interface Rates {
  readonly pushOne: number[];
  readonly pushEight: number[];
  readonly pullEight: number[];
}

/** Pushes and pulls of large blobs: Atoll, docker-registry and the bare baseline take turns in every round. */
export async function benchBlobs({ folder, rounds, note }: BenchContext): Promise<Figure[]> {
  const atoll: Rates = { pushOne: [], pushEight: [], pullEight: [] };
  const other: Rates = { pushOne: [], pushEight: [], pullEight: [] };
  const bare: number[] = [];
  for (let round = 0; round < rounds; round++) {
    note(`blobs, round ${round + 1} of ${rounds}`);
    bare.push(await bareWrite(join(folder, 'bare')));
    await measure(await startServe(join(folder, 'atoll')), join(folder, 'atoll'), atoll);
    await measure(await startDockerRegistry(join(folder, 'docker-registry')), join(folder, 'docker-registry'), other);
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
    rateFigure('pull, 16 blobs of 64 MiB, 8 at once', 'MB/s', median(atoll.pullEight), peer(other.pullEight), 1.5),
  ];
}

async function bareWrite(folder: string): Promise<number> {
  settle(dirname(folder));
  mkdirSync(folder);
  const result = await hashAndWrite({ folder, ...ONE, durable: false });
  rmSync(folder, { recursive: true });
  return megabytesPerSecond(result);
}

async function measure(peer: Peer, folder: string, rates: Rates): Promise<void> {
  const common = { url: peer.wire.url, repository: 'bench/blobs' };
  // A first push takes the cost of what is loaded and compiled late.
  await load({ ...common, kind: 'push', name: 'warm', sizeBytes: 32 * MEBIBYTE, count: 16, streams: 4 });
  settle(dirname(folder));
  rates.pushOne.push(megabytesPerSecond(await load({ ...common, kind: 'push', name: 'one', ...ONE })));
  settle(dirname(folder));
  rates.pushEight.push(megabytesPerSecond(await load({ ...common, kind: 'push', name: 'eight', ...EIGHT })));
  settle(dirname(folder));
  rates.pullEight.push(
    megabytesPerSecond(await load({ ...common, kind: 'pull', name: 'eight', ...EIGHT, verify: true })),
  );
  await stopPeer(peer, folder);
}
