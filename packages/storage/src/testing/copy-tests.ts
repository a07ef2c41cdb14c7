import { expect, test } from '@jest/globals';
import { interceptStore } from '../intercept-store.js';
import { MemoryStore } from '../memory-store.js';
import type { ObjectStore } from '../object-store.js';
import type { Subject } from './describe-object-store.js';
import { inPieces, listAll, readAll, sample } from './samples.js';

/** A store of no driver's kind. */
async function stranger(bytes: Buffer): Promise<ObjectStore> {
  const source = new MemoryStore({ name: 'stranger' });
  await source.putData('d/source', inPieces(bytes, 65_536));
  return { ...interceptStore(source, (_operation, _key, call) => call()), wraps: undefined };
}

export function copyTests(subject: Subject): void {
  test('from a bucket of another kind nothing is copied, and nothing is to be seen', async () => {
    const { store } = subject();
    const bytes = sample(1_000);
    const copied = await store.copyFrom(await stranger(bytes), 'd/source', 'd/copy', { sizeBytes: bytes.length });
    expect(copied).toBeUndefined();
    expect(await listAll(store, '')).toEqual([]);
  });

  test.each([0, 1, 1_000_000, 9_000_001])(
    'a copy of %i bytes from a bucket of its kind has the same bytes, whoever wraps that',
    async (sizeBytes) => {
      const { store, peer } = subject();
      if (peer === undefined) return expectNoPeer(store);
      const bytes = sample(sizeBytes);
      await peer.putData('d/source', inPieces(bytes, 65_536));
      const wrapped = interceptStore(peer, (_operation, _key, call) => call());
      expect(await store.copyFrom(wrapped, 'd/source', 'd/copy', { sizeBytes })).toEqual({ sizeBytes });
      const opened = await store.open('d/copy');
      expect(opened?.info).toMatchObject({ key: 'd/copy', sizeBytes });
      expect(opened && (await readAll(opened.body)).equals(bytes)).toBe(true);
      expect(await listAll(peer, '')).toEqual(['d/source']);
    },
  );

  test('a copy made again is the same', async () => {
    const { store, peer } = subject();
    if (peer === undefined) return expectNoPeer(store);
    const bytes = sample(70_000);
    await peer.putData('d/source', inPieces(bytes, 65_536));
    const copy = () => store.copyFrom(peer, 'd/source', 'd/copy', { sizeBytes: bytes.length });
    expect(await copy()).toEqual(await copy());
    expect((await store.get('d/copy'))?.body.equals(bytes)).toBe(true);
  });

  test('where nothing is to be copied, nothing is to be seen', async () => {
    const { store, peer } = subject();
    if (peer === undefined) return expectNoPeer(store);
    expect(await store.copyFrom(peer, 'd/none', 'd/copy', { sizeBytes: 7 })).toBeUndefined();
    expect(await listAll(store, '')).toEqual([]);
  });

  test('a source of another size is not copied', async () => {
    const { store, peer } = subject();
    if (peer === undefined) return expectNoPeer(store);
    await peer.putData('d/source', inPieces(sample(1_000), 300));
    const copied = store.copyFrom(peer, 'd/source', 'd/copy', { sizeBytes: 999 });
    await expect(copied).rejects.toMatchObject({ kind: 'corrupt' });
    expect(await listAll(store, '')).toEqual([]);
  });

  test('who looks while a copy is made sees nothing or all of it', async () => {
    const { store, peer } = subject();
    if (peer === undefined) return expectNoPeer(store);
    const bytes = sample(9_000_001);
    await peer.putData('d/source', inPieces(bytes, 1_000_000));
    let copying = true;
    const copied = store.copyFrom(peer, 'd/source', 'd/copy', { sizeBytes: bytes.length }).finally(() => {
      copying = false;
    });
    while (copying) expect([undefined, bytes.length]).toContain((await store.head('d/copy'))?.sizeBytes);
    expect(await copied).toEqual({ sizeBytes: bytes.length });
  });

  test('a copy whose signal has aborted fails with its reason, and nothing is to be seen', async () => {
    const { store, peer } = subject();
    const reason = new Error('too late');
    const options = { sizeBytes: 3, signal: AbortSignal.abort(reason) };
    const source = peer ?? (await stranger(sample(3)));
    await expect(store.copyFrom(source, 'd/source', 'd/copy', options)).rejects.toBe(reason);
    expect(await listAll(store, '')).toEqual([]);
  });
}

/** A driver whose tests bring no bucket to copy from is one that never copies, also from itself. */
async function expectNoPeer(store: ObjectStore): Promise<void> {
  await store.putData('d/source', inPieces(sample(9), 3));
  expect(await store.copyFrom(store, 'd/source', 'd/copy', { sizeBytes: 9 })).toBeUndefined();
  expect(await listAll(store, '')).toEqual(['d/source']);
}
