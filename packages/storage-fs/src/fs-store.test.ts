import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeObjectStore } from '@atoll/storage/testing';
import { FsStore } from './fs-store.js';

describeObjectStore('FsStore', () => openTestStore({}));
describeObjectStore('FsStore that remembers nothing', () => openTestStore({ cacheBytes: 0, namesBytes: 0 }));

async function openTestStore(options: { cacheBytes?: number; namesBytes?: number }) {
  const root = await mkdtemp(join(tmpdir(), 'atoll-fs-'));
  let store = await FsStore.open({ root, ...options });
  return {
    store,
    reopen: async () => {
      await store.close();
      return (store = await FsStore.open({ root, ...options }));
    },
    close: async () => {
      await store.close();
      await rm(root, { recursive: true });
    },
  };
}
