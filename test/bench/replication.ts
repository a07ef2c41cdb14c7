import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import { Atoll, serveRegion } from '../harness/atoll.js';
import { filledContent, image, MANIFEST_TYPES, type Image } from '../harness/images.js';
import { hasBlob, pushBlob, putManifest } from '../harness/push.js';
import { eventually, freePorts } from '../harness/service.js';
import type { Wire } from '../harness/wire.js';
import { median, percentile, rateFigure, type BenchContext, type Figure } from './figures.js';
import { startDockerRegistry, stopPeer } from './peers.js';

const run = promisify(execFile);
const REPOSITORY = 'bench/many';
const IMAGES = 500;
const shared = filledContent('a layer all of them have', 50_000);
const images = Array.from({ length: IMAGES }, (_, at) =>
  image(`small ${at}`, [shared, filledContent(`own ${at}`, 5_000 + at)]),
);

/** 500 small images from one region to another: Atoll, and `skopeo sync` between two docker-registry processes. */
export async function benchReplication({ folder, rounds, note }: BenchContext): Promise<Figure[]> {
  const ours: number[] = [];
  const theirs: number[] = [];
  const lagsMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    note(`replication, round ${round + 1} of ${rounds}`);
    ours.push(IMAGES / (await replicateSeconds(join(folder, 'replication'))));
    theirs.push(IMAGES / (await skopeoSeconds(join(folder, 'skopeo'))));
    lagsMs.push(...(await lags(join(folder, 'lag'))));
  }
  return [
    rateFigure(
      `replication of ${IMAGES} small images`,
      'images/s',
      median(ours),
      { name: 'skopeo sync', value: median(theirs) },
      5,
    ),
    {
      what: `lag, push acknowledged to pullable in the peer, ${lagsMs.length} pushes one after the other`,
      atoll: `p50 ${Math.round(percentile(lagsMs, 0.5))} ms, p99 ${Math.round(percentile(lagsMs, 0.99))} ms`,
      other: '-',
      ratio: '-',
      wanted: '-',
    },
  ];
}

/** Fills eu while us does not exist, then times from the start of the process that joins them until us serves everything. */
async function replicateSeconds(folder: string): Promise<number> {
  mkdirSync(join(folder, 'data'), { recursive: true });
  const [port = 0] = await freePorts(1);
  const eu = await serveRegion({ folder: join(folder, 'data', 'eu'), region: 'eu' }, port, join(folder, 'serve.log'));
  await pushAll(eu.wire);
  eu.wire.close();
  await eu.service.stop();
  const begin = performance.now();
  const atoll = await Atoll.start(folder);
  await allPullable(atoll.us);
  const seconds = (performance.now() - begin) / 1000;
  await allBlobs(atoll.us);
  await atoll.stop();
  rmSync(folder, { recursive: true, force: true });
  return seconds;
}

async function skopeoSeconds(folder: string): Promise<number> {
  const source = await startDockerRegistry(join(folder, 'source'));
  const target = await startDockerRegistry(join(folder, 'target'));
  await pushAll(source.wire);
  const begin = performance.now();
  const ends = [`${new URL(source.wire.url).host}/${REPOSITORY}`, `${new URL(target.wire.url).host}/bench`];
  // Without --preserve-digests it would compress layers, which is more work and another image.
  const plain = ['--preserve-digests', '--src-tls-verify=false', '--dest-tls-verify=false'];
  await run('skopeo', ['--insecure-policy', 'sync', ...plain, '--src', 'docker', '--dest', 'docker', ...ends], {
    maxBuffer: 64 * 1024 * 1024,
  });
  const seconds = (performance.now() - begin) / 1000;
  await allPullable(target.wire);
  for (const peer of [source, target]) await stopPeer(peer);
  rmSync(folder, { recursive: true, force: true });
  return seconds;
}

/** Pushes one image after the other to eu and asks us for each until it is there. */
async function lags(folder: string): Promise<number[]> {
  const atoll = await Atoll.start(folder);
  const lagsMs: number[] = [];
  for (const [at, sample] of images.slice(0, 100).entries()) {
    await pushOne(atoll.eu, sample, at);
    const begin = performance.now();
    await eventually(() => pullable(atoll.us, at), { timeoutMs: 30_000, everyMs: 2, what: `image ${at} at us` });
    lagsMs.push(performance.now() - begin);
  }
  await atoll.stop();
  rmSync(folder, { recursive: true, force: true });
  return lagsMs;
}

async function pushAll(wire: Wire): Promise<void> {
  await pushBlob(wire, REPOSITORY, shared);
  const limit = pLimit(8);
  await Promise.all(images.map((sample, at) => limit(() => pushOne(wire, sample, at))));
}

async function pushOne(wire: Wire, sample: Image, at: number): Promise<void> {
  for (const blob of sample.blobs)
    if (blob.digest !== shared.digest || !(await hasBlob(wire, REPOSITORY, blob.digest)))
      await pushBlob(wire, REPOSITORY, blob);
  await putManifest(wire, REPOSITORY, sample, `v${at}`);
}

/** Every image by its tag; the tag of an image is the last thing of it to arrive. */
async function allPullable(wire: Wire): Promise<void> {
  for (const at of images.keys())
    await eventually(() => pullable(wire, at), { timeoutMs: 120_000, everyMs: 5, what: `image ${at}` });
}

async function pullable(wire: Wire, at: number): Promise<true | undefined> {
  const answer = await wire.send('GET', `/v2/${REPOSITORY}/manifests/v${at}`, { headers: { Accept: MANIFEST_TYPES } });
  return answer.status === 200 && answer.body.equals(images[at]?.bytes ?? Buffer.alloc(0)) ? true : undefined;
}

async function allBlobs(wire: Wire): Promise<void> {
  for (const blob of images.flatMap(({ blobs }) => blobs)) {
    if (!(await hasBlob(wire, REPOSITORY, blob.digest)))
      throw new Error(`${wire.url} lists an image without its blob ${blob.digest}`);
  }
}
