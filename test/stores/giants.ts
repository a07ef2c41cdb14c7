import { createHash, randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Atoll } from '../harness/atoll.js';
import { CuttingProxy, UNCUT } from '../harness/cutting-proxy.js';
import { content, type Content } from '../harness/images.js';
import { pushBlob, putManifest, withDigest } from '../harness/push.js';
import { eventually } from '../harness/service.js';
import { expectStatus, headerOf, type Wire } from '../harness/wire.js';
import { Azurite } from './azurite.js';
import { startVersitygw } from './versitygw.js';

/** What came of one blob that two regions on buckets of one server passed between them. */
export interface GiantRow {
  readonly store: string;
  readonly how: string;
  readonly seconds: number;
  /**
   * Between the process of both regions and the server, both ways, from the push of the manifest until the other region has the tag;
   * less what two regions that have nothing to do ask in that time.
   */
  readonly wireBytes: number;
  /** What they ask then, each second. */
  readonly idleBytesPerSecond: number;
}

interface TwoBuckets {
  readonly eu: string;
  readonly us: string;
  readonly environment: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

interface Giant {
  /** What `--only` names. */
  readonly id: string;
  readonly store: string;
  readonly how: string;
  readonly open: () => Promise<TwoBuckets>;
}

export const GIANTS: readonly Giant[] = [
  {
    id: 'versitygw',
    store: 'versitygw',
    how: 'UploadPartCopy',
    open: async () => {
      const server = await startVersitygw();
      const [eu, us] = [await server.makeBucket('giant-eu'), await server.makeBucket('giant-us')];
      return { eu, us, environment: server.environment, stop: () => server.stop() };
    },
  },
  {
    id: 'azurite',
    store: 'Azurite',
    how: 'Put Block From URL',
    open: async () => {
      const server = await Azurite.start(undefined, { onDisk: true });
      const [eu, us] = [server.url('giant'), server.url('giant', { container: 'peer' })];
      return { eu, us, environment: server.environment, stop: () => server.stop() };
    },
  },
];

const MIB = 1_048_576;
const REPOSITORY = 'giants/app';
const IDLE_MS = 20_000;
const PATIENCE_MS = 30 * 60_000;

/**
 * Pushes a blob of so many bytes to one of two regions on buckets of one server, waits for the other to have it, reads it there and
 * compares it. @throws Error when it does not arrive, or is another
 */
export async function passGiant({ store, how, open }: Giant, mebibytes: number): Promise<GiantRow> {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-giant-'));
  const buckets = await open();
  const proxy = await CuttingProxy.start(new URL(endpointOf(buckets.eu)), UNCUT);
  try {
    const [eu, us] = [buckets.eu, buckets.us].map((url) => behind(url, proxy));
    const atoll = await Atoll.start(folder, { ...buckets.environment, ATOLL_BUCKETS: `eu=${eu},us=${us}` });
    try {
      const layer = await pushNoise(atoll.eu, mebibytes);
      const config = content(Buffer.from('{}'));
      await pushBlob(atoll.eu, REPOSITORY, config);
      const busy = await passing(proxy, async () => {
        await putManifest(atoll.eu, REPOSITORY, imageWith(config, layer), '1');
        await arrival(atoll.us);
      });
      const idle = await passing(proxy, () => sleep(IDLE_MS));
      await expectSame(atoll.us, layer.digest);
      const idleBytesPerSecond = Math.round(idle.bytes / idle.seconds);
      const wireBytes = Math.round(busy.bytes - idleBytesPerSecond * busy.seconds);
      return { store, how, seconds: busy.seconds, wireBytes, idleBytesPerSecond };
    } finally {
      await atoll.stop();
    }
  } finally {
    await proxy.stop();
    await buckets.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function passing(proxy: CuttingProxy, task: () => Promise<unknown>): Promise<{ bytes: number; seconds: number }> {
  const passed = (): number => proxy.bytesToClient + proxy.bytesToRegistry;
  const [before, begin] = [passed(), performance.now()];
  await task();
  return { bytes: passed() - before, seconds: (performance.now() - begin) / 1000 };
}

function endpointOf(bucket: string): string {
  return new URL(bucket).searchParams.get('endpoint') ?? '';
}

function behind(bucket: string, { host }: CuttingProxy): string {
  const endpoint = new URL(endpointOf(bucket));
  return bucket.replace(endpoint.host, host);
}

interface Pushed {
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Sends a mebibyte after the other, no two alike, in one request. */
async function pushNoise(wire: Wire, mebibytes: number): Promise<Pushed> {
  const uploads = `/v2/${REPOSITORY}/blobs/uploads/`;
  const location = headerOf(expectStatus('POST', await wire.send('POST', uploads), 202), 'Location');
  const sizeBytes = mebibytes * MIB;
  const patch = wire.begin('PATCH', location, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': sizeBytes,
  });
  const hash = createHash('sha256');
  const noise = randomFillSync(Buffer.alloc(MIB));
  for (let at = 0; at < mebibytes; at++) {
    noise.writeUInt32BE(at);
    const piece = Buffer.from(noise);
    hash.update(piece);
    await patch.send(piece);
  }
  const patched = expectStatus('PATCH', await patch.finish(), 202);
  const digest = `sha256:${hash.digest('hex')}`;
  await close(wire, withDigest(headerOf(patched, 'Location'), digest));
  return { digest, sizeBytes };
}

/** Asks again where it takes the server longer than a request may: it puts the parts together byte by byte. */
async function close(wire: Wire, target: string): Promise<void> {
  const asked = async () =>
    expectStatus('PUT', await wire.send('PUT', target), 201, 503).status === 201 ? true : undefined;
  await eventually(asked, { timeoutMs: PATIENCE_MS, everyMs: 5_000, what: 'the blob to be taken' });
}

function imageWith(config: Content, layer: Pushed) {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const descriptor = ({ digest, sizeBytes }: Pushed, kind: string) => ({
    mediaType: `application/vnd.oci.image.${kind}`,
    digest,
    size: sizeBytes,
  });
  const document = {
    schemaVersion: 2,
    mediaType,
    config: descriptor({ digest: config.digest, sizeBytes: config.bytes.length }, 'config.v1+json'),
    layers: [descriptor(layer, 'layer.v1.tar')],
  };
  return { ...content(Buffer.from(JSON.stringify(document))), mediaType, blobs: [] };
}

async function arrival(wire: Wire): Promise<void> {
  const asked = async () =>
    (await wire.send('HEAD', `/v2/${REPOSITORY}/manifests/1`)).status === 200 ? true : undefined;
  await eventually(asked, { timeoutMs: PATIENCE_MS, everyMs: 500, what: 'the image in the other region' });
}

async function expectSame(wire: Wire, digest: string): Promise<void> {
  const [answer] = (await once(get(new URL(`/v2/${REPOSITORY}/blobs/${digest}`, wire.url)), 'response')) as [
    IncomingMessage,
  ];
  const hash = createHash('sha256');
  for await (const chunk of answer) hash.update(chunk as Buffer);
  if (`sha256:${hash.digest('hex')}` !== digest) throw new Error(`the copy of ${digest} is another`);
}
