import {
  digestOf,
  liveSiblings,
  liveValue,
  parseDigest,
  parseRepositoryName,
  parseTag,
  RegistryError,
  type Digest,
  type RepositoryName,
} from '@atoll/core';
import { claimRegion, RegionReader, Registry } from '@atoll/registry';
import { ChangeApplier, Consumer, DirtyRepositories, Sequencer } from '@atoll/replication';
import { interceptStore, MemoryStore, type ObjectStore, type ReadableStore } from '@atoll/storage';
import { InlineQueue } from './inline-queue.js';
import type { TestManifest } from './images.js';

const SHARDS = 2;

export class FakeClock {
  #milliseconds = Date.UTC(2026, 0, 1);

  now(): number {
    return this.#milliseconds;
  }

  advance(milliseconds: number): void {
    this.#milliseconds += milliseconds;
  }
}

interface Following {
  readonly consumers: readonly Consumer[];
  readonly dirty: DirtyRepositories;
}

/** A region without loops and timers: a test does each step itself. */
export class TestRegion {
  readonly queue = new InlineQueue();
  readonly peers = new Map<string, ReadableStore>();
  readonly sequencer: Sequencer;
  readonly applier: ChangeApplier;
  readonly #following = new Map<string, Following>();

  constructor(
    readonly name: string,
    readonly registry: Registry,
    readonly clock: FakeClock,
  ) {
    const { store, identity } = registry;
    this.sequencer = new Sequencer({ store, shards: identity.shards, clock });
    this.applier = new ChangeApplier({ registry, peers: this.peers, clock });
    this.queue.process(this.applier.apply);
  }

  follow(source: string, peer: ReadableStore): void {
    this.peers.set(source, readOnly(peer));
    this.forget(source);
  }

  /** As a new process would: what is not in the store is gone. */
  forget(source: string): void {
    const { queue, clock } = this;
    const { store } = this.registry;
    const peer = this.peers.get(source);
    if (peer === undefined) throw new Error(`${this.name} does not follow ${source}`);
    const dirty = new DirtyRepositories({ source, store, queue, clock, backoff: () => 0 });
    const parts = { source, peer, store, queue, dirty, clock, headEveryMs: 0 };
    const consumers = Array.from({ length: SHARDS }, (_, shard) => new Consumer({ ...parts, shard }));
    this.#following.set(source, { consumers, dirty });
  }

  async seal(): Promise<number> {
    let sealed = 0;
    for (let shard = 0; shard < SHARDS; shard++) sealed += await this.sequencer.step(shard);
    return sealed;
  }

  /** Takes in what `source` has sealed since; answers how many segments. */
  async pull(source: string): Promise<number> {
    let segments = 0;
    for (const consumer of this.#followed(source).consumers) segments += await consumer.step();
    return segments;
  }

  /** Compares repositories that were marked; answers how many are clean now. */
  async compare(source: string): Promise<number> {
    return (await this.#followed(source).dirty.step()).cleaned;
  }

  /** Pushes to a tag that must not be there yet. */
  async create(repository: string, manifest: TestManifest, text: string): Promise<void> {
    const name = parseRepositoryName(repository);
    await this.#pushParts(name, manifest);
    const reference = { tag: parseTag(text) };
    const onlyIf = { name: reference, holds: (current: Digest | undefined) => current === undefined };
    const { bytes, mediaType } = manifest;
    await this.registry.manifests.put(name, { reference, contentType: mediaType, bytes, onlyIf });
  }

  async push(repository: string, manifest: TestManifest, ...tags: string[]): Promise<Digest> {
    const name = parseRepositoryName(repository);
    await this.#pushParts(name, manifest);
    const { bytes, mediaType, digest } = manifest;
    const reference = { digest };
    await this.registry.manifests.put(name, { reference, contentType: mediaType, bytes, tags: tags.map(parseTag) });
    return digest;
  }

  async #pushParts(name: RepositoryName, { children, blobs }: TestManifest): Promise<void> {
    for (const child of children) await this.push(name, child);
    for (const bytes of blobs) await this.registry.uploads.putWhole(name, digestOf(bytes), one(bytes));
  }

  /** Answers whether there was such a tag. */
  untag(repository: string, tag: string): Promise<boolean> {
    return happened(this.registry.tags.delete(parseRepositoryName(repository), parseTag(tag)));
  }

  delete(repository: string, { digest }: TestManifest): Promise<boolean> {
    return happened(this.registry.manifests.delete(parseRepositoryName(repository), digest));
  }

  /** What a client that pulls gets: the digest, after reading everything the manifest leads to. */
  async get(repository: string, reference: string): Promise<Digest | undefined> {
    const name = parseRepositoryName(repository);
    try {
      const parsed = reference.includes(':') ? { digest: parseDigest(reference) } : { tag: parseTag(reference) };
      return (await this.registry.manifests.get(name, parsed)).digest;
    } catch (cause) {
      if (cause instanceof RegistryError && cause.status === 404) return undefined;
      throw cause;
    }
  }

  async tags(repository: string): Promise<string[]> {
    return (await this.registry.tags.list(parseRepositoryName(repository), { limit: 1000 })).tags;
  }

  /** What readers are shown of every name: equal in two regions when they have converged. */
  async shown(): Promise<Record<string, string>> {
    const reader = new RegionReader(this.registry.store);
    const shown: Record<string, string> = {};
    for (const repository of (await reader.listRepositories({ limit: 1000 })).repositories) {
      for (const tag of (await reader.listTagNames(repository, { limit: 1000 })).tags) {
        const register = await reader.readTag(repository, tag);
        const target = register && liveValue(register);
        if (target) shown[`${repository}:${tag}`] = target.digest;
      }
      for (const digest of (await reader.listManifestDigests(repository, { limit: 1000 })).digests) {
        const found = await reader.readManifest(repository, digest);
        const live = found && liveValue(found.register);
        if (live) shown[`${repository}@${digest}`] = live.mediaType;
      }
    }
    return shown;
  }

  /** Everything a name leads to that is not there. */
  async missing(all: readonly TestManifest[]): Promise<string[]> {
    const shown = await this.shown();
    const faults: string[] = [];
    for (const [name, target] of Object.entries(shown)) {
      const [repository = '', digest] = name.split('@');
      if (digest === undefined) {
        const home = name.slice(0, name.lastIndexOf(':'));
        if (shown[`${home}@${target}`] === undefined) faults.push(`${this.name}: tag ${name} names ${target}`);
        continue;
      }
      const manifest = all.find((one) => one.digest === digest);
      for (const blob of manifest?.blobs ?? []) {
        if (!(await this.#serves(parseRepositoryName(repository), blob)))
          faults.push(`${this.name}: a blob of ${name}`);
      }
    }
    return faults;
  }

  /** Live manifests without their blobs, and tags of which some sibling, shown or not, names a manifest never seen here. */
  async namedTooEarly(all: readonly TestManifest[]): Promise<string[]> {
    const reader = new RegionReader(this.registry.store);
    const faults = (await this.missing(all)).filter((fault) => fault.includes('a blob of'));
    for (const repository of (await reader.listRepositories({ limit: 1000 })).repositories) {
      for (const tag of (await reader.listTagNames(repository, { limit: 1000 })).tags) {
        const register = await reader.readTag(repository, tag);
        for (const { value } of register ? liveSiblings(register) : []) {
          if (await reader.readManifest(repository, value.digest)) continue;
          faults.push(`${this.name}: ${repository}:${tag} may show ${value.digest}`);
        }
      }
    }
    return faults;
  }

  async #serves(repository: RepositoryName, expected: Buffer): Promise<boolean> {
    const location = await this.registry.blobs.find(repository, digestOf(expected));
    if (location === undefined) return false;
    const parts: Buffer[] = [];
    for await (const chunk of (await this.registry.blobs.open(location)) as AsyncIterable<Buffer>) parts.push(chunk);
    return Buffer.concat(parts).equals(expected);
  }

  #followed(source: string): Following {
    const following = this.#following.get(source);
    if (following === undefined) throw new Error(`${this.name} does not follow ${source}`);
    return following;
  }
}

/** Regions that follow each other, on memory unless told otherwise. */
export async function regions<const Names extends readonly string[]>(
  names: Names,
  open: (name: string, clock: FakeClock) => Promise<ObjectStore> | ObjectStore = (name, clock) =>
    new MemoryStore({ name, clock }),
): Promise<{ [K in keyof Names]: TestRegion }> {
  const all: TestRegion[] = [];
  for (const name of names) {
    const clock = new FakeClock();
    const store = await open(name, clock);
    const identity = await claimRegion(store, name, { shards: SHARDS });
    all.push(new TestRegion(name, new Registry({ store, identity, clock }), clock));
  }
  for (const region of all) {
    for (const other of all) if (other !== region) region.follow(other.name, other.registry.store);
  }
  return all as { [K in keyof Names]: TestRegion };
}

export function twoRegions(
  open?: (name: string, clock: FakeClock) => Promise<ObjectStore> | ObjectStore,
): Promise<readonly [TestRegion, TestRegion]> {
  return regions(['eu', 'us'] as const, open);
}

/** Seals, pulls and compares until a whole round finds nothing to do. @throws Error when that does not come */
export async function drain(all: readonly TestRegion[]): Promise<void> {
  for (let round = 0; round < 100; round++) {
    let done = 0;
    for (const region of all) {
      region.queue.mischief = {};
      done += await region.seal();
      for (const source of region.peers.keys()) done += (await region.pull(source)) + (await region.compare(source));
    }
    if (done === 0) return;
  }
  throw new Error('the regions do not come to rest');
}

/** A peer's bucket as its credentials allow it: every write fails the test. */
function readOnly(store: ReadableStore): ReadableStore {
  const writable = store as ObjectStore;
  const reads = ['get', 'open', 'head', 'list', 'presignGet'];
  return interceptStore(writable, (operation, key, call) => {
    if (reads.includes(operation)) return call();
    throw new Error(`a peer was written: ${operation} ${key}`);
  });
}

async function happened(change: Promise<void>): Promise<boolean> {
  try {
    await change;
    return true;
  } catch (cause) {
    if (cause instanceof RegistryError && cause.status === 404) return false;
    throw cause;
  }
}

async function* one(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
