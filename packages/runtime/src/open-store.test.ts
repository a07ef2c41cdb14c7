import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openReadOnlyStore, openStore } from './open-store.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atoll open-store-'));
});
afterEach(() => rm(folder, { recursive: true }));

test("a region's own store is probed, and one process at a time has it", async () => {
  const url = pathToFileURL(join(folder, 'eu')).href;
  const store = await openStore(url);
  expect(store.url).toBe(url);
  expect((await store.list('', { limit: 10 })).entries).toEqual([]);
  await expect(openStore(url)).rejects.toMatchObject({ kind: 'locked' });
  await store.close();
  await (await openStore(url)).close();
});

test("a peer's store is read beside its owner and makes nothing", async () => {
  const url = pathToFileURL(join(folder, 'us')).href;
  const early = await openReadOnlyStore(url);
  expect(await early.get('m/region')).toBeUndefined();
  await early.close();
  expect(await readdir(folder)).toEqual([]);
});

test('a store that nobody knows is a fault of the configuration', async () => {
  await expect(openStore('ftp://bucket')).rejects.toThrow("the bucket's URL must begin with file://, s3://, az:// or");
});

test('a bucket of Google is opened by its driver, which refuses what it cannot use', async () => {
  const peer = await openReadOnlyStore('gs://atoll-eu/prefix?endpoint=http://127.0.0.1:1');
  expect(peer.capabilities).toMatchObject({ conditionalDelete: true, presign: false });
  await peer.close();
  await expect(openStore('gs://a')).rejects.toThrow("the bucket's URL must name a bucket");
});

test('a container of Azure is opened by its driver, which refuses what it cannot use', async () => {
  const plain = openReadOnlyStore('az://atolleu/registry?endpoint=http://127.0.0.1:1');
  await expect(plain).rejects.toMatchObject({ kind: 'denied', message: expect.stringContaining('https only') });
  await expect(openStore('az://atolleu')).rejects.toThrow("the bucket's URL must name a container");
});
