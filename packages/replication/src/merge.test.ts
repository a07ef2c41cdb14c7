import { expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { digestOf, emptyRegister, parseDigest, parseTag, writeRegister } from '@atoll/core';
import { tagCodec, type TagTarget } from '@atoll/registry';
import { keys, type ReadableStore } from '@atoll/storage';
import { DirtyRepositories } from './dirty-repositories.js';
import { DeadlinePassedError, MissingAtSourceError, NotYetError } from './failure.js';
import type { Job } from './job.js';
import { readReplicationStatus } from './replication-status.js';
import { Sequencer } from './sequencer.js';
import {
  APP,
  applierOf,
  IMAGE,
  imageBytes,
  keysUnder,
  openRegion,
  push,
  ScriptedQueue,
  type TestRegion,
} from './testing/test-region.js';

const V1 = parseTag('v1');
const DAY_MS = 24 * 60 * 60 * 1000;

async function pair({ copies = false } = {}) {
  const eu = await openRegion('eu');
  const us = await openRegion('us', eu.clock);
  const applier = applierOf(us, 'eu', eu, copies);
  const base = { source: 'eu', repository: APP, shard: 0, segment: 1, nonce: 'n' };
  const apply = (job: Partial<Job>): Promise<void> =>
    applier.apply({ deadlineMs: eu.clock.now() + DAY_MS, ...base, ...job } as Job, {
      signal: new AbortController().signal,
    });
  return { eu, us, applier, apply };
}

async function tagged({ registry }: TestRegion): Promise<string | undefined> {
  return registry.manifests.get(APP, { tag: V1 }).then(
    ({ digest }) => digest,
    () => undefined,
  );
}

test('a tag comes with its manifest and blobs', async () => {
  const { eu, us, apply } = await pair();
  const digest = await push(eu, 'a', 'v1');
  await apply({ kind: 'tag', tag: V1 });
  expect(await tagged(us)).toBe(digest);
  for (const blob of imageBytes('a').blobs) expect(await us.registry.blobs.find(APP, digestOf(blob))).toBeDefined();
});

test('between buckets that can be copied from one to the other, no byte of a blob passes through', async () => {
  const { eu, us, apply } = await pair({ copies: true });
  const digest = await push(eu, 'a', 'v1');
  for (const { counter } of [eu, us]) counter.reset();
  await apply({ kind: 'tag', tag: V1 });
  expect(await tagged(us)).toBe(digest);
  const moved = [...eu.counter.log, ...us.counter.log].filter(({ op }) => op === 'open' || op === 'putData');
  expect(moved).toEqual([]);
  expect(us.counter.calls().copyFrom).toBe(imageBytes('a').blobs.length);
  for (const blob of imageBytes('a').blobs) {
    const location = await us.registry.blobs.stat(APP, digestOf(blob));
    expect((await us.memory.get(location.dataKey))?.body).toEqual(blob);
  }
});

test('a blob that the peer lost is missed, also where it could be copied', async () => {
  const { eu, us, apply } = await pair({ copies: true });
  const digest = await push(eu, 'a', 'v1');
  const [blob = Buffer.alloc(0)] = imageBytes('a').blobs;
  const { dataKey } = await eu.registry.blobs.stat(APP, digestOf(blob));
  await eu.memory.delete(dataKey, { blind: true });
  await expect(apply({ kind: 'manifest', digest })).rejects.toThrow(MissingAtSourceError);
  expect(await us.registry.blobs.find(APP, digestOf(blob))).toBeUndefined();
});

test('a foreign layer comes along where it was pushed, and is not missed where it was not', async () => {
  const { eu, us, apply } = await pair();
  const { blobs } = imageBytes('a');
  const pushed = Buffer.from('a foreign layer');
  const mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
  const describe = (type: string, blob: Buffer) => ({ mediaType: type, digest: digestOf(blob), size: blob.length });
  const [config = Buffer.alloc(0)] = blobs;
  for (const blob of [config, pushed]) await eu.registry.uploads.putWhole(APP, digestOf(blob), Readable.from([blob]));
  const layers = [describe(mediaType, pushed), describe(mediaType, Buffer.from('elsewhere'))];
  const body = { schemaVersion: 2, mediaType: IMAGE, config: describe('application/x', config), layers };
  const bytes = Buffer.from(JSON.stringify(body));
  const { digest } = await eu.registry.manifests.put(APP, { reference: { tag: V1 }, bytes });
  await apply({ kind: 'manifest', digest });
  expect((await us.registry.manifests.get(APP, { digest })).bytes).toEqual(bytes);
  expect(await us.registry.blobs.find(APP, digestOf(pushed))).toBeDefined();
  await expect(eu.registry.blobs.delete(APP, digestOf(pushed))).rejects.toThrow('names the blob');
});

test('what is there is written in the order of dependence', async () => {
  const { eu, us, apply } = await pair();
  await push(eu, 'a', 'v1');
  us.counter.reset();
  await apply({ kind: 'tag', tag: V1 });
  const written = us.counter.log.filter(({ op }) => op.startsWith('put')).map(({ key }) => key);
  const at = (part: string) => written.findIndex((key) => key.includes(part));
  const order = [at('/@i/'), at('d/'), at('l/'), at('b/'), at('/@m/'), at('/@t/')];
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(order.every((place) => place >= 0)).toBe(true);
});

test('a job that runs again writes nothing', async () => {
  const { eu, us, apply } = await pair();
  const digest = await push(eu, 'a', 'v1');
  await apply({ kind: 'tag', tag: V1 });
  await us.registry.intents.idle();
  us.counter.reset();
  await apply({ kind: 'tag', tag: V1 });
  await apply({ kind: 'manifest', digest });
  expect(us.counter.log.filter(({ op }) => op.startsWith('put') || op === 'delete')).toEqual([]);
});

test('the manifest of every live sibling comes first, also of one that is not shown', async () => {
  const { eu, us, apply } = await pair();
  const ap = await openRegion('ap', eu.clock);
  const hidden = await push(eu, 'a', 'v1');
  eu.clock.advance(1);
  const shown = await push(ap, 'b', 'v1');
  // eu takes in ap's write of the tag, so that its register has both.
  await applierOf(eu, 'ap', ap).apply(
    { kind: 'tag', tag: V1, source: 'ap', repository: APP, shard: 0, segment: 1, nonce: 'n', deadlineMs: Infinity },
    { signal: new AbortController().signal },
  );
  await apply({ kind: 'tag', tag: V1 });
  expect(await tagged(us)).toBe(shown);
  expect(await us.registry.manifests.read(APP, hidden)).toBeDefined();
});

test('a tag whose manifest the peer lacks is not written', async () => {
  const { eu, us, apply } = await pair();
  const digest = await push(eu, 'a', 'v1');
  await eu.memory.delete(keys.manifest(APP, digest), { blind: true });
  await expect(apply({ kind: 'tag', tag: V1 })).rejects.toThrow(NotYetError);
  expect(await keysUnder(us, 'r/')).toEqual([]);
});

test('a manifest whose blob the peer lacks is not written, nor is a tag to it', async () => {
  const { eu, us, apply } = await pair();
  const digest = await push(eu, 'a', 'v1');
  const [blob = Buffer.alloc(0)] = imageBytes('a').blobs;
  await eu.memory.delete(keys.link(APP, digestOf(blob)), { blind: true });
  await expect(apply({ kind: 'tag', tag: V1 })).rejects.toThrow(MissingAtSourceError);
  await us.registry.intents.idle();
  expect(await us.registry.manifests.read(APP, digest)).toBeUndefined();
  expect(await us.registry.tags.read(APP, V1)).toBeUndefined();
});

test('a blob that is missing because its manifest was deleted meanwhile is no failure', async () => {
  const { eu, us, apply } = await pair();
  const digest = await push(eu, 'a');
  const [blob = Buffer.alloc(0)] = imageBytes('a').blobs;
  const location = await eu.registry.blobs.find(APP, digestOf(blob));
  if (location === undefined) throw new Error('no blob');
  await eu.memory.delete(location.dataKey, { blind: true });
  const open = eu.counter.store.open.bind(eu.counter.store);
  let deleted = false;
  eu.counter.store.open = async (key, o) => {
    if (!deleted) {
      deleted = true;
      await eu.registry.manifests.delete(APP, digest);
    }
    return open(key, o);
  };
  await apply({ kind: 'manifest', digest });
  expect((await us.registry.manifests.read(APP, digest))?.bytes).toBeUndefined();
});

test('a big blob that breaks off is asked of the peer from there on', async () => {
  const { eu } = await pair();
  const us = await openRegion('us', eu.clock, { copies: { leastBytes: 5, sizes: { streamedPartBytes: 4 } } });
  const digest = await push(eu, 'a', 'v1');
  const layer = imageBytes('a').blobs[1] ?? Buffer.alloc(0);
  const { dataKey } = await eu.registry.blobs.stat(APP, digestOf(layer));
  const { store } = eu.counter;
  const open = store.open.bind(store);
  const starts: (number | undefined)[] = [];
  store.open = async (key, o) => {
    const opened = await open(key, o);
    if (key !== dataKey || opened === undefined) return opened;
    starts.push(o?.start);
    return { ...opened, body: starts.length > 2 ? opened.body : Readable.from(firstThree(opened.body)) };
  };
  const job = { kind: 'manifest', digest, source: 'eu', repository: APP, shard: 0, segment: 1, nonce: 'n' } as const;
  const attempt = () =>
    applierOf(us, 'eu', eu).apply(
      { ...job, deadlineMs: eu.clock.now() + DAY_MS },
      { signal: new AbortController().signal },
    );
  await expect(attempt()).rejects.toThrow('cut off');
  await expect(attempt()).rejects.toThrow('cut off');
  await attempt();
  expect(starts).toEqual([0, 3, 6]);
  const brought = await us.registry.blobs.stat(APP, digestOf(layer));
  expect((await us.memory.get(brought.dataKey))?.body).toEqual(layer);
});

async function* firstThree(body: Readable): AsyncGenerator<Buffer> {
  for await (const chunk of body as AsyncIterable<Buffer>) {
    yield chunk.subarray(0, 3);
    break;
  }
  throw new Error('cut off');
}

test('bytes that are not what the peer says they are come in nowhere', async () => {
  const { eu, us, apply } = await pair();
  const digest = await push(eu, 'a', 'v1');
  const [blob = Buffer.alloc(0)] = imageBytes('a').blobs;
  const location = await eu.registry.blobs.find(APP, digestOf(blob));
  if (location === undefined) throw new Error('no blob');
  await eu.memory.put(location.dataKey, Buffer.alloc(blob.length, 'x'), { blind: true });
  await expect(apply({ kind: 'manifest', digest })).rejects.toThrow();
  expect(await us.registry.blobs.find(APP, digestOf(blob))).toBeUndefined();
  expect(await us.registry.manifests.read(APP, digest)).toBeUndefined();
});

test('a tag to an image that was deleted here while it was on its way goes, for everyone', async () => {
  const { eu, us, apply } = await pair();
  const digest = await push(eu, 'a', 'v1');
  await apply({ kind: 'manifest', digest });
  await us.registry.manifests.delete(APP, digest);
  await apply({ kind: 'tag', tag: V1 });
  expect((await us.registry.tags.list(APP, { limit: 10 })).tags).toEqual([]);
  const sealed = await new Sequencer({ store: us.memory, shards: 1, clock: us.clock }).step(0);
  expect(sealed).toBe(2);
});

test('a created tag is looked at again, and a newer one brought with its manifest', async () => {
  const { eu, us, apply } = await pair();
  await push(eu, 'old', 'v1');
  const put = us.counter.store.put.bind(us.counter.store);
  let moved: string | undefined;
  us.counter.store.put = async (key, body, condition, o) => {
    const answer = await put(key, body, condition, o);
    if (key === keys.tag(APP, V1) && moved === undefined) moved = await push(eu, 'new', 'v1');
    return answer;
  };
  await apply({ kind: 'tag', tag: V1 });
  expect(moved).toBeDefined();
  expect(await tagged(us)).toBe(moved);
});

test('a job past its deadline reads and does not write', async () => {
  const { eu, us, apply } = await pair();
  await push(eu, 'a', 'v1');
  await expect(apply({ kind: 'tag', tag: V1, deadlineMs: eu.clock.now() - 1 })).rejects.toThrow(DeadlinePassedError);
  expect(await keysUnder(us, 'r/')).toEqual([]);
});

test('a name the peer has never heard of is done', async () => {
  const { apply } = await pair();
  await apply({ kind: 'tag', tag: V1 });
  await apply({ kind: 'manifest', digest: parseDigest(`sha256:${'0'.repeat(64)}`) });
});

test('a write from the future is refused for now', async () => {
  const { eu, us, apply } = await pair();
  const digest = await push(eu, 'a');
  const target: TagTarget = { digest, mediaType: IMAGE, sizeBytes: 1 };
  const ahead = writeRegister<TagTarget>(emptyRegister, 'eu#1', eu.clock.now() + 10 * 60_000, target);
  await eu.memory.put(keys.tag(APP, V1), tagCodec.encode(ahead), { blind: true });
  await expect(apply({ kind: 'tag', tag: V1 })).rejects.toThrow(NotYetError);
  expect(await us.registry.tags.read(APP, V1)).toBeUndefined();
});

test('a marked repository is compared name by name, and the mark goes unless it was renewed', async () => {
  const { eu, us, applier } = await pair();
  const digest = await push(eu, 'a', 'v1');
  const queue = new ScriptedQueue();
  queue.process(applier.apply);
  const dirty = new DirtyRepositories({ source: 'eu', store: us.memory, queue, clock: us.clock });
  await dirty.mark(APP, 'test');
  const merge = us.registry.tags.merge.bind(us.registry.tags);
  us.registry.tags.merge = async (...given) => {
    await dirty.mark(APP, 'renewed');
    return merge(...given);
  };
  await dirty.step();
  expect(await tagged(us)).toBe(digest);
  expect((await keysUnder(us, 'q/')).length).toBe(1);
  expect(await dirty.step()).toEqual({ cleaned: 1 });
  expect(await keysUnder(us, 'q/')).toEqual([]);
});

test('one bad name keeps no other back, and keeps the mark', async () => {
  const { eu, us, applier } = await pair();
  const bad = await push(eu, 'bad', 'bad');
  await push(eu, 'good', 'v1');
  await eu.memory.delete(keys.link(APP, digestOf(imageBytes('bad').blobs[0] ?? '')), { blind: true });
  const queue = new ScriptedQueue();
  queue.outcome = (job) =>
    applier.apply(job, { signal: new AbortController().signal }).then(
      () => 'done',
      () => 'failed',
    );
  const dirty = new DirtyRepositories({ source: 'eu', store: us.memory, queue, clock: us.clock });
  await dirty.mark(APP, 'test');
  expect(await dirty.step()).toEqual({ cleaned: 0 });
  expect(await tagged(us)).toBe(imageBytes('good').digest);
  expect(await us.registry.manifests.read(APP, bad)).toBeUndefined();
  expect((await keysUnder(us, 'q/')).length).toBe(1);
  expect(queue.given.length).toBe(1);
  await dirty.step();
  expect(queue.given.length).toBe(1);
  us.clock.advance(60_000);
  await dirty.step();
  expect(queue.given.length).toBe(2);
});

test('the status tells what is pending, and of a peer that cannot be read', async () => {
  const { eu, us } = await pair();
  await push(eu, 'a', 'v1');
  await new Sequencer({ store: eu.memory, shards: 1, clock: eu.clock }).step(0);
  await push(eu, 'b', 'v2');
  eu.clock.advance(1500);
  const dirty = new DirtyRepositories({ source: 'eu', store: us.memory, queue: new ScriptedQueue(), clock: us.clock });
  await dirty.mark(APP, 'test');
  const empty = (await openRegion('ap')).memory;
  await empty.delete(keys.region, { blind: true });
  const broken = await openRegion('sa');
  broken.faults.push({ op: 'get', when: 'before' });
  const peers = new Map<string, ReadableStore>([
    ['eu', eu.memory],
    ['ap', empty],
    ['sa', broken.counter.store],
  ]);
  const status = await readReplicationStatus(us.memory, us.identity, peers, { clock: us.clock });
  expect(status).toMatchObject({
    region: 'us',
    unsealedEntries: 0,
    peers: [
      { region: 'eu', state: 'reachable', segmentsBehind: 1, oldestPendingAgeMs: 1500, dirtyRepositories: 1 },
      { region: 'ap', state: 'absent', segmentsBehind: 0 },
      { region: 'sa', state: 'unreachable' },
    ],
  });
  expect(await readReplicationStatus(eu.memory, eu.identity, new Map())).toMatchObject({ unsealedEntries: 1 });
});
