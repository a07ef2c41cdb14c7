import { expect } from '@jest/globals';
import type { ObjectStore } from '../object-store.js';
import { listAll, readAll } from './samples.js';

export async function expectData(store: ObjectStore, key: string, bytes: Buffer): Promise<void> {
  const opened = await store.open(key);
  expect(opened?.info).toMatchObject({ key, sizeBytes: bytes.length });
  expect(opened && (await readAll(opened.body)).equals(bytes)).toBe(true);
  expect(await listAll(store, key)).toEqual([key]);
}

export async function expectNothing(store: ObjectStore, key: string): Promise<void> {
  expect(await store.head(key)).toBeUndefined();
  expect(await store.open(key)).toBeUndefined();
  expect(await listAll(store, '')).toEqual([]);
}
