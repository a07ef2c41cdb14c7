import { afterEach, expect, test } from '@jest/globals';
import { digestOf, parseRepositoryName, parseTag } from '@atoll/core';
import { claimRegion, Registry } from '@atoll/registry';
import { InProcessQueue, type ReplicationLog } from '@atoll/replication';
import {
  countCalls,
  faulty,
  interceptStore,
  MemoryStore,
  type CallCounter,
  type Fault,
  type ReadableStore,
} from '@atoll/storage';
import { startWorker, type RunningWorker, type WorkerOptions } from './start-worker.js';

const APP = parseRepositoryName('team/app');
const IMAGE = 'application/vnd.oci.image.manifest.v1+json';
const running: RunningWorker[] = [];

interface Region {
  readonly registry: Registry;
  readonly counter: CallCounter;
  readonly faults: Fault[];
  readonly memory: MemoryStore;
}

async function openRegion(name: string): Promise<Region> {
  const memory = new MemoryStore({ name });
  const faults: Fault[] = [];
  const counter = countCalls(faulty(memory, faults));
  const identity = await claimRegion(memory, name);
  return { registry: new Registry({ store: counter.store, identity }), counter, faults, memory };
}

/** Polls so rarely that a test that needs a poll never ends. */
async function work(
  { registry }: Region,
  peers: Record<string, ReadableStore>,
  o: Partial<WorkerOptions> = {},
): Promise<RunningWorker> {
  const worker = await startWorker({
    registry,
    peers: new Map(Object.entries(peers)),
    queue: new InProcessQueue(),
    log: quiet,
    pollMilliseconds: 3_600_000,
    gatherMilliseconds: 5,
    ...o,
  });
  running.push(worker);
  return worker;
}

const nothing = (): void => undefined;
const quiet: ReplicationLog = { debug: nothing, info: nothing, warn: nothing, error: nothing };

async function push({ registry }: Region, tag: string): Promise<string> {
  const config = Buffer.from(`config of ${tag}`);
  const descriptor = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: digestOf(config),
    size: config.length,
  };
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: IMAGE, config: descriptor, layers: [] }));
  await registry.blobs.store(APP, descriptor.digest, one(config));
  const reference = { tag: parseTag(tag) };
  return (await registry.manifests.put(APP, { reference, contentType: IMAGE, bytes })).digest;
}

async function* one(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function pulled({ registry }: Region, tag: string): Promise<string | undefined> {
  return registry.manifests.get(APP, { tag: parseTag(tag) }).then(
    ({ digest }) => digest,
    () => undefined,
  );
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((worker) => worker.stop({ drainMs: 1000 })));
});

test('a push is sealed at once, and pulled by a worker that is told of it', async () => {
  const [eu, us] = [await openRegion('eu'), await openRegion('us')];
  const inUs = await work(us, { eu: eu.memory });
  await work(eu, { us: us.memory }, { onSealed: () => inUs.wake() });
  const digest = await push(eu, 'v1');
  await until(async () => (await pulled(us, 'v1')) === digest);
  await until(async () => ((await inUs.status()).lag?.count ?? 0) > 0);
  expect((await inUs.status()).lag?.maxMs).toBeLessThan(10_000);
});

test('workers that poll find what nobody told them of', async () => {
  const [eu, us] = [await openRegion('eu'), await openRegion('us')];
  await work(us, { eu: eu.memory }, { pollMilliseconds: 20 });
  await work(eu, {}, { pollMilliseconds: 20 });
  const digest = await push(eu, 'v1');
  await until(async () => (await pulled(us, 'v1')) === digest);
});

test('idle means that everything sealed so far is taken in, both ways', async () => {
  const [eu, us] = [await openRegion('eu'), await openRegion('us')];
  const workers = [await work(eu, { us: us.memory }), await work(us, { eu: eu.memory })];
  const tags = Array.from({ length: 30 }, (_, i) => `t${i}`);
  await Promise.all(tags.map((tag, i) => push(i % 2 === 0 ? eu : us, tag)));
  for (const worker of workers) await worker.idle();
  for (const worker of workers) await worker.idle();
  for (const region of [eu, us]) expect((await region.registry.tags.list(APP, { limit: 100 })).tags.length).toBe(30);
});

test('a peer that does not exist yet is found when it does', async () => {
  const us = await openRegion('us');
  const store = new MemoryStore({ name: 'eu' });
  const lines: string[] = [];
  const note = (message: string): void => void lines.push(message);
  const worker = await work(us, { eu: store }, { pollMilliseconds: 10, log: { ...quiet, warn: note, error: note } });
  await worker.idle();
  expect((await worker.status()).replication.peers).toMatchObject([{ region: 'eu', state: 'absent' }]);
  const registry = new Registry({ store, identity: await claimRegion(store, 'eu') });
  const eu = { ...us, registry };
  await work(eu, {});
  const digest = await push(eu, 'v1');
  await until(async () => (await pulled(us, 'v1')) === digest);
  expect(lines).toEqual([]);
});

test('a peer that fails for a while costs one line, and nothing is missed', async () => {
  const [eu, us] = [await openRegion('eu'), await openRegion('us')];
  const lines: string[] = [];
  eu.faults.push({ when: 'before' });
  await work(
    us,
    { eu: eu.counter.store },
    { pollMilliseconds: 10, log: { ...quiet, warn: (message) => void lines.push(message) } },
  );
  await until(() => lines.length > 0);
  eu.faults.length = 0;
  await work(eu, {});
  const digest = await push(eu, 'v1');
  await until(async () => (await pulled(us, 'v1')) === digest);
  expect(lines.length).toBe(1);
}, 20_000);

test('a bucket of another region is not followed', async () => {
  const [eu, us] = [await openRegion('eu'), await openRegion('us')];
  const reasons: unknown[] = [];
  const log = {
    ...quiet,
    warn: (_message: string, facts?: Readonly<Record<string, unknown>>) => void reasons.push(facts?.['reason']),
  };
  const worker = await work(us, { ap: eu.memory }, { log });
  await worker.idle();
  expect(reasons).toEqual([expect.stringContaining('belongs to eu')]);
});

test('without anything to do, a worker asks its peer little and its own store less', async () => {
  const [eu, us] = [await openRegion('eu'), await openRegion('us')];
  const worker = await work(us, { eu: eu.counter.store }, { pollMilliseconds: 50 });
  await worker.idle();
  eu.counter.reset();
  us.counter.reset();
  await new Promise((resolve) => setTimeout(resolve, 500));
  // Ten polls of four shards each, give or take: a segment asked for there, a listing here.
  expect(eu.counter.log.length).toBeLessThanOrEqual(48);
  expect(us.counter.log.length).toBeLessThanOrEqual(48);
});

test('what is pushed and not sealed when the worker stops is sealed by the next', async () => {
  const [eu, us] = [await openRegion('eu'), await openRegion('us')];
  const first = await work(eu, {});
  await first.stop();
  const digest = await push(eu, 'v1');
  expect((await eu.memory.list('jr/', { limit: 10 })).entries.length).toBe(1);
  const second = await work(eu, {});
  await second.idle();
  const worker = await work(us, { eu: eu.memory });
  await worker.idle();
  expect(await pulled(us, 'v1')).toBe(digest);
});

test('a worker that is stopped while it copies leaves nothing half done, and the next goes on', async () => {
  const [eu, us] = [await openRegion('eu'), await openRegion('us')];
  const digest = await push(eu, 'v1');
  const sealing = await work(eu, {});
  await sealing.idle();
  let opened = false;
  const open: ReadableStore['open'] = (_key, o) => {
    opened = true;
    return new Promise((_resolve, reject) => o?.signal?.addEventListener('abort', () => reject(new Error('aborted'))));
  };
  // Of no driver's kind, so that nothing is copied from it.
  const stuck: ReadableStore = {
    ...interceptStore(eu.memory, (_operation, _key, call) => call()),
    wraps: undefined,
    open,
  };
  const first = await work(us, { eu: stuck });
  await until(() => opened);
  await first.stop({ drainMs: 20 });
  expect(await us.registry.tags.read(APP, parseTag('v1'))).toBeUndefined();
  expect((await us.memory.list('p/', { limit: 10 })).entries).toEqual([]);
  const second = await work(us, { eu: eu.memory });
  await second.idle();
  expect(await pulled(us, 'v1')).toBe(digest);
});
