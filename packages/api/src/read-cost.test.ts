import { randomBytes } from 'node:crypto';
import { digestOf, parseRepositoryName } from '@atoll/core';
import { countCalls, keys, MemoryStore } from '@atoll/storage';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Harness, verdict } from './testing/harness.js';

const SMALL = randomBytes(10_240);
const LARGE = randomBytes(65_537);

/** What a read asks of the store once the process has served it before: liveness always, what cannot change never again. */
describe('what a read costs', () => {
  const counter = countCalls(new MemoryStore());
  let api: Harness;
  let manifest: string;
  const blob = (bytes: Buffer) => `/v2/a/blobs/${digestOf(bytes)}`;

  beforeAll(async () => {
    api = await Harness.start({ store: counter.store });
    for (const bytes of [SMALL, LARGE]) await api.pushBlob('a', bytes);
    manifest = (await api.pushImage('a', 'v1')).digest;
    for (const path of [blob(SMALL), blob(LARGE), '/v2/a/manifests/v1']) await api.ask('GET', path);
  });
  afterAll(() => api.stop());
  beforeEach(() => counter.reset());

  test.each([
    ['the ping', 'GET', () => '/v2/', {}],
    ['a manifest by tag', 'GET', () => '/v2/a/manifests/v1', { get: 2 }],
    ['a manifest by digest', 'GET', () => `/v2/a/manifests/${manifest}`, { get: 1 }],
    ['the head of a manifest by tag', 'HEAD', () => '/v2/a/manifests/v1', { get: 1, head: 1 }],
    ['the head of a manifest by digest', 'HEAD', () => `/v2/a/manifests/${manifest}`, { get: 1 }],
    ['a small blob', 'GET', () => blob(SMALL), { get: 1 }],
    ['the head of a blob', 'HEAD', () => blob(SMALL), { get: 1 }],
    ['a large blob', 'GET', () => blob(LARGE), { get: 1, open: 1 }],
  ])('%s', async (_what, method, path, calls) => {
    expect((await api.ask(method, path())).status).toBe(200);
    expect(counter.calls()).toEqual(calls);
  });

  test('a part of a blob costs what the whole does, whether it is kept or streamed', async () => {
    const headers = { Range: 'bytes=5-99' };
    const [small, large] = [
      await api.ask('GET', blob(SMALL), { headers }),
      await api.ask('GET', blob(LARGE), { headers }),
    ];
    expect([small.status, large.status]).toEqual([206, 206]);
    expect(small.body.equals(SMALL.subarray(5, 100))).toBe(true);
    expect(large.body.equals(LARGE.subarray(5, 100))).toBe(true);
    expect(large.headers['content-range']).toBe(`bytes 5-99/${LARGE.length}`);
    expect(counter.calls()).toEqual({ get: 2, open: 1 });
  });

  test('a blob whose bytes are kept is served no longer once its link is gone', async () => {
    const bytes = randomBytes(100);
    await api.pushBlob('b', bytes);
    const path = `/v2/b/blobs/${digestOf(bytes)}`;
    expect((await api.ask('GET', path)).body.equals(bytes)).toBe(true);
    const repository = parseRepositoryName('b');
    await counter.store.delete(keys.link(repository, digestOf(bytes)), { blind: true });
    expect(verdict(await api.ask('GET', path))).toBe('404 BLOB_UNKNOWN');
  });

  test('a manifest and a tag that were read before are gone as soon as they are deleted in the store', async () => {
    const { digest } = await api.pushImage('c', 'v1');
    await api.ask('GET', '/v2/c/manifests/v1');
    await api.ask('DELETE', '/v2/c/manifests/v1');
    expect(verdict(await api.ask('GET', '/v2/c/manifests/v1'))).toBe('404 MANIFEST_UNKNOWN');
    expect((await api.ask('GET', `/v2/c/manifests/${digest}`)).status).toBe(200);
    await api.ask('DELETE', `/v2/c/manifests/${digest}`);
    expect(verdict(await api.ask('GET', `/v2/c/manifests/${digest}`))).toBe('404 MANIFEST_UNKNOWN');
  });
});
