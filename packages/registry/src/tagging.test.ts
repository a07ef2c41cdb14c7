import { liveValue, type Digest } from '@atoll/core';
import { interceptStore } from '@atoll/storage';
import { expect, test } from '@jest/globals';
import { Registry } from './registry.js';
import { claimRegion } from './region.js';
import { name, openRegion, pushSample, sampleImage, tag } from './testing/region.js';

const app = name('team/app');
const v1 = tag('v1');
const mine = sampleImage('mine', { layers: 0 });
const theirs = sampleImage('theirs', { layers: 0 });

/** A push that wants `v1` not to be there; what others do happens right after it has set the tag. */
async function createWhile(others: (registry: Registry) => Promise<unknown>) {
  const { registry, memory, clock } = await openRegion();
  for (const one of [mine, theirs]) await pushSample(registry, app, one);
  let times = 0;
  const store = interceptStore(memory, async (op, key, call) => {
    const result = await call();
    if (op === 'put' && key.includes('/@t/') && ++times === 1) await others(registry);
    return result;
  });
  const { manifests } = new Registry({ store, identity: await claimRegion(memory, 'eu'), clock });
  const onlyIf = { name: { tag: v1 }, holds: (current?: Digest) => current === undefined };
  await manifests.put(app, { reference: { tag: v1 }, bytes: mine.bytes, onlyIf });
  const register = await registry.tags.read(app, v1);
  const { digest } = (register && liveValue(register)) ?? {};
  return { tagged: digest, isThere: (await registry.manifests.read(app, mine.digest))?.bytes !== undefined };
}

test('the tag is the push’s where nobody comes between', async () => {
  expect(await createWhile(async () => undefined)).toEqual({ tagged: mine.digest, isThere: true });
});

test('a tag that was moved since is left where it is, also when the manifest has to be brought back', async () => {
  const others = async ({ manifests }: Registry) => {
    await manifests.put(app, { reference: { tag: v1 }, bytes: theirs.bytes });
    await manifests.delete(app, mine.digest);
  };
  expect(await createWhile(others)).toEqual({ tagged: theirs.digest, isThere: true });
});

test('a tag that was deleted since, with its manifest or alone, stays deleted', async () => {
  expect(await createWhile(({ manifests }) => manifests.delete(app, mine.digest))).toMatchObject({ tagged: undefined });
  expect(await createWhile(({ tags }) => tags.delete(app, v1))).toEqual({ tagged: undefined, isThere: true });
});
