import { join } from 'node:path';
import { filledContent, image } from '../harness/images.js';
import { pushImage } from '../harness/push.js';
import type { Wire } from '../harness/wire.js';
import { startBare } from './bare-servers.js';
import { median, rateFigure, type BenchContext, type Figure } from './figures.js';
import { startDockerRegistry, startServe, stopPeer } from './peers.js';
import { requestsPerSecond } from './requests.js';

const REPOSITORY = 'bench/manifests';

/** GET of one manifest at 32 connections: Atoll, docker-registry and a bare node:http server take turns in every round. */
export async function benchManifests({ folder, rounds, note }: BenchContext): Promise<Figure[]> {
  const sample = image('bench', [filledContent('one', 10_000), filledContent('two', 10_000)]);
  const atoll = await startServe(join(folder, 'atoll'));
  const other = await startDockerRegistry(join(folder, 'docker-registry'));
  const bare = await startBare('http', { manifest: sample.bytes, blob: Buffer.alloc(0) }, join(folder, 'bare'));
  for (const { wire } of [atoll, other]) await pushImage(wire, REPOSITORY, sample, 'tag');
  const figures: Figure[] = [];
  for (const reference of ['tag', sample.digest]) {
    const path = `/v2/${REPOSITORY}/manifests/${reference}`;
    const rates = new Map<Wire, number[]>([
      [atoll.wire, []],
      [other.wire, []],
      [bare.wire, []],
    ]);
    for (let round = 0; round < rounds; round++) {
      note(`manifests by ${reference.slice(0, 6)}, round ${round + 1} of ${rounds}`);
      for (const [wire, values] of rates) values.push(await manifestsPerSecond(`${wire.url}${path}`));
    }
    const value = (wire: Wire): number => median(rates.get(wire) ?? []);
    const what = `manifest GET by ${reference === 'tag' ? 'tag' : 'digest'}, 32 connections`;
    figures.push(
      rateFigure(what, 'requests/s', value(atoll.wire), { name: 'docker-registry', value: value(other.wire) }, 4),
    );
    figures.push(
      rateFigure(what, 'requests/s', value(atoll.wire), { name: 'bare node:http', value: value(bare.wire) }),
    );
  }
  for (const peer of [atoll, other, bare]) await stopPeer(peer);
  return figures;
}

function manifestsPerSecond(url: string): Promise<number> {
  return requestsPerSecond({ method: 'GET', url, connections: 32, warmSeconds: 0, seconds: 5 });
}
