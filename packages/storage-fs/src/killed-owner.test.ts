import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { ObjectStore } from '@atoll/storage';
import { FsStore } from './fs-store.js';
import { startOwner } from './testing/owner-process.js';
import { temporaryRoots } from './testing/temporary-root.js';

const makeRoot = temporaryRoots();

test('a process that is killed while it writes leaves whole objects, among them all that it was acknowledged', async () => {
  const root = await makeRoot();
  for (const count of [10, 35, 60]) {
    const owner = await startOwner(root, 'write');
    await owner.written(count);
    await owner.kill();
    const store = await FsStore.open({ root });
    const found = await wholeObjects(store);
    expect(owner.lines.slice(1).filter((key) => !found.has(key))).toEqual([]);
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
    for (const key of found) await store.delete(key, { blind: true });
    await store.close();
  }
}, 120_000);

/** The keys of all objects. @throws Error when one is not what was written */
async function wholeObjects(store: ObjectStore): Promise<Set<string>> {
  const found = new Set<string>();
  for (const prefix of ['d/', 'o/']) {
    for (const { key } of (await store.list(prefix, { limit: 100_000 })).entries) {
      const { body } = (await store.get(key)) ?? { body: Buffer.alloc(0) };
      const digest = createHash('sha256').update(body.subarray(32)).digest();
      if (body.length < 32 || !digest.equals(body.subarray(0, 32))) throw new Error(`${key} is not whole`);
      found.add(key);
    }
  }
  return found;
}
