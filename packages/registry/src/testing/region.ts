import { digestOf, parseRepositoryName, parseTag, type Digest, type RepositoryName } from '@atoll/core';
import {
  countCalls,
  faulty,
  interceptStore,
  MemoryStore,
  type CallCounter,
  type Fault,
  type ObjectStore,
} from '@atoll/storage';
import { Journal, type JournalEntry } from '../journal.js';
import { Registry } from '../registry.js';
import { claimRegion } from '../region.js';

/** A clock that stands still until a test moves it. */
export class FakeClock {
  constructor(private milliseconds = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.milliseconds;
  }

  advance(milliseconds: number): void {
    this.milliseconds += milliseconds;
  }
}

export interface TestRegion {
  readonly registry: Registry;
  readonly clock: FakeClock;
  /** What the registry asks of its store. */
  readonly counter: CallCounter;
  /** Faults to come; push to it and empty it at will. */
  readonly faults: Fault[];
  /** The store without faults and counting. */
  readonly memory: MemoryStore;
  /** Another process of the same region, which remembers nothing. */
  readonly restart: () => Promise<Registry>;
}

/** @param turn awaited before each call to the store: whoever resolves it decides in which order things happen that happen at once */
export async function openRegion(
  region = 'eu',
  clock = new FakeClock(),
  turn?: () => Promise<unknown>,
): Promise<TestRegion> {
  const memory = new MemoryStore({ clock, name: region });
  const faults: Fault[] = [];
  const counter = countCalls(faulty(turn ? inTurn(memory, turn) : memory, faults));
  const restart = async () =>
    new Registry({ store: counter.store, identity: await claimRegion(counter.store, region), clock });
  const registry = await restart();
  counter.reset();
  return { registry, clock, counter, faults, memory, restart };
}

export const name = parseRepositoryName;
export const tag = parseTag;

export const OCI_IMAGE = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

export interface Sample {
  readonly bytes: Buffer;
  readonly digest: Digest;
  readonly mediaType: string;
  /** What the manifest names and has to be there first. */
  readonly blobs: readonly Buffer[];
}

export function descriptorOf(bytes: Buffer, mediaType: string) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** Every key of the region. */
export async function allKeys({ memory }: Pick<TestRegion, 'memory'>): Promise<string[]> {
  return (await memory.list('', { limit: 100_000 })).entries.map(({ key }) => key);
}

/** What the region has journaled, in the order of the keys. */
export async function journaled(region: Pick<TestRegion, 'memory'>): Promise<JournalEntry[]> {
  const raw = (await allKeys(region)).filter((key) => key.startsWith('jr/'));
  const bodies = await Promise.all(raw.map(async (key) => (await region.memory.get(key))?.body ?? Buffer.of()));
  return bodies.map((body, i) => Journal.parseEntry(body, raw[i] ?? ''));
}

/** An image of its own for each seed. */
export function sampleImage(
  seed: string,
  o: { layers?: number; subject?: Sample; annotations?: Record<string, string>; artifactType?: string } = {},
): Sample {
  const config = Buffer.from(JSON.stringify({ seed }));
  const layers = Array.from({ length: o.layers ?? 2 }, (_, i) => Buffer.from(`layer ${i} of ${seed}`));
  const { subject, annotations, artifactType } = o;
  return sample(
    {
      schemaVersion: 2,
      mediaType: OCI_IMAGE,
      artifactType,
      config: descriptorOf(config, 'application/vnd.oci.image.config.v1+json'),
      layers: layers.map((layer) => descriptorOf(layer, 'application/vnd.oci.image.layer.v1.tar')),
      subject: subject && descriptorOf(subject.bytes, subject.mediaType),
      annotations,
    },
    [config, ...layers],
  );
}

export function sampleIndex(children: readonly Sample[], o: { subject?: Sample } = {}): Sample {
  const manifests = children.map((child) => descriptorOf(child.bytes, child.mediaType));
  const subject = o.subject && descriptorOf(o.subject.bytes, o.subject.mediaType);
  return sample({ schemaVersion: 2, mediaType: OCI_INDEX, manifests, subject }, []);
}

export async function uploadBlob(registry: Registry, repository: RepositoryName, bytes: Buffer): Promise<Digest> {
  const digest = digestOf(bytes);
  await registry.blobs.store(repository, digest, chunksOf(bytes));
  return digest;
}

/** Uploads the blobs, then pushes the manifest by tag or, without one, by digest. */
export async function pushSample(
  registry: Registry,
  repository: RepositoryName,
  { blobs, bytes, digest, mediaType }: Sample,
  tagName?: string,
) {
  for (const blob of blobs) await uploadBlob(registry, repository, blob);
  const reference = tagName === undefined ? { digest } : { tag: tag(tagName) };
  return registry.manifests.put(repository, { reference, contentType: mediaType, bytes });
}

function sample(body: { mediaType: string } & Record<string, unknown>, blobs: Buffer[]): Sample {
  const bytes = Buffer.from(JSON.stringify(body));
  return { bytes, digest: digestOf(bytes), mediaType: body.mediaType, blobs };
}

function inTurn(store: ObjectStore, turn: () => Promise<unknown>): ObjectStore {
  return interceptStore(store, async (_operation, _key, call) => {
    await turn();
    return call();
  });
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
