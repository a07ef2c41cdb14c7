import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isReady } from '../harness/atoll.js';
import { checkoutFolder } from '../harness/checkout.js';
import { filledContent, image, MANIFEST_TYPES } from '../harness/images.js';
import { pushImage } from '../harness/push.js';
import { freePorts, Service } from '../harness/service.js';
import { Wire } from '../harness/wire.js';
import { median, rateFigure, type BenchContext, type Figure } from './figures.js';
import { startDockerRegistry, startServe, stopPeer } from './peers.js';

const run = promisify(execFile);
const REPOSITORY = 'bench/manifests';

/** GET of one manifest at 32 connections: Atoll, docker-registry and a bare node:http server take turns in every round. */
export async function benchManifests({ folder, rounds, note }: BenchContext): Promise<Figure[]> {
  const sample = image('bench', [filledContent('one', 10_000), filledContent('two', 10_000)]);
  const atoll = await startServe(join(folder, 'atoll'));
  const other = await startDockerRegistry(join(folder, 'docker-registry'));
  const bare = await startBare(sample.bytes.length, join(folder, 'bare.log'));
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
      for (const [wire, values] of rates) values.push(await requestsPerSecond(`${wire.url}${path}`));
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
  for (const peer of [atoll, other, { name: 'bare', ...bare }]) await stopPeer(peer);
  return figures;
}

async function startBare(sizeBytes: number, logFile: string): Promise<{ service: Service; wire: Wire }> {
  const [port = 0] = await freePorts(1);
  const file = join(checkoutFolder(), 'test/dist/bench/baseline-http.js');
  const service = new Service({ command: process.execPath, args: [file, String(port), String(sizeBytes)], logFile });
  const wire = new Wire(`http://127.0.0.1:${port}`);
  await isReady(service, wire);
  return { service, wire };
}

/** Measures with wrk. @throws Error when any answer was not a success */
async function requestsPerSecond(url: string): Promise<number> {
  const { stdout } = await run('wrk', ['-t2', '-c32', '-d5s', '-H', `Accept: ${MANIFEST_TYPES}`, url]);
  if (stdout.includes('Non-2xx')) throw new Error(`${url}: ${stdout}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? Number.NaN);
}
