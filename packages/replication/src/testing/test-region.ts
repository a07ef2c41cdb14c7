import { digestOf, parseManifest, parseRepositoryName, parseTag, type Digest } from '@atoll/core';
import { claimRegion, Registry, type RegionIdentity, type RegistryOptions } from '@atoll/registry';
import { countCalls, faulty, MemoryStore, type CallCounter, type Fault, type MemoryStoreOptions } from '@atoll/storage';
import { ChangeApplier } from '../change-applier.js';
import type { Job } from '../job.js';
import type { JobHandler, JobQueue, Outcome } from '../job-queue.js';

export class FakeClock {
  #milliseconds = Date.UTC(2026, 0, 1);

  now(): number {
    return this.#milliseconds;
  }

  advance(milliseconds: number): void {
    this.#milliseconds += milliseconds;
  }
}

/** Answers `run` as told, and keeps what it was given. */
export class ScriptedQueue implements JobQueue {
  readonly given: Job[] = [];
  outcome: (job: Job) => Promise<Outcome> = () => Promise.resolve('done');

  async run(jobs: readonly Job[]): Promise<Outcome[]> {
    this.given.push(...jobs);
    return Promise.all(jobs.map((job) => this.outcome(job)));
  }

  process(handler: JobHandler): void {
    this.outcome = async (job): Promise<Outcome> => {
      await handler(job, { signal: new AbortController().signal });
      return 'done';
    };
  }

  async counts() {
    return { waiting: 0, active: 0 };
  }

  async close(): Promise<void> {}
}

export const APP = parseRepositoryName('team/app');
export const IMAGE = 'application/vnd.oci.image.manifest.v1+json';

export interface TestRegion {
  readonly registry: Registry;
  readonly identity: RegionIdentity;
  readonly clock: FakeClock;
  readonly counter: CallCounter;
  readonly faults: Fault[];
  readonly memory: MemoryStore;
}

export async function openRegion(
  name: string,
  clock = new FakeClock(),
  { parts, ...o }: Pick<RegistryOptions, 'copies'> & Pick<MemoryStoreOptions, 'parts'> = {},
): Promise<TestRegion> {
  const memory = new MemoryStore({ name, clock, ...(parts && { parts }) });
  const faults: Fault[] = [];
  const counter = countCalls(faulty(memory, faults));
  const identity = await claimRegion(counter.store, name, { shards: 1 });
  const registry = new Registry({ store: counter.store, identity, clock, ...o });
  return { registry, identity, clock, counter, faults, memory };
}

/** The peer's bucket is one from which the region's cannot copy, unless `copies`. */
export function applierOf(region: TestRegion, source: string, peer: TestRegion, copies = false): ChangeApplier {
  const { store } = peer.counter;
  return new ChangeApplier({
    registry: region.registry,
    clock: region.clock,
    peers: new Map([[source, copies ? store : Object.assign(store, { wraps: undefined })]]),
  });
}

/** An image with one layer of its own. */
export function imageBytes(name: string): { bytes: Buffer; digest: Digest; blobs: Buffer[] } {
  const blobs = [Buffer.from(`config of ${name}`), Buffer.from(`layer of ${name}`)];
  const [config, layer] = blobs.map((blob) => ({ digest: digestOf(blob), size: blob.length }));
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: IMAGE,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
    }),
  );
  parseManifest(bytes, IMAGE);
  return { bytes, digest: digestOf(bytes), blobs };
}

export async function push({ registry }: TestRegion, name: string, ...tags: string[]): Promise<Digest> {
  const { bytes, digest, blobs } = imageBytes(name);
  for (const blob of blobs) await registry.blobs.store(APP, digestOf(blob), one(blob));
  await registry.manifests.put(APP, { reference: { digest }, tags: tags.map(parseTag), contentType: IMAGE, bytes });
  return digest;
}

export async function keysUnder({ memory }: TestRegion, prefix: string): Promise<string[]> {
  return (await memory.list(prefix, { limit: 1000 })).entries.map(({ key }) => key);
}

async function* one(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
