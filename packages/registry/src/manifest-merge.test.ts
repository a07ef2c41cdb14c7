import { liveSiblings, liveValue, type Digest } from '@atoll/core';
import { isStorageError } from '@atoll/storage';
import { describe, expect, test } from '@jest/globals';
import type { Registry } from './registry.js';
import { name, openRegion, pushSample, sampleImage, type Sample, type TestRegion } from './testing/region.js';

const app = name('team/app');
const subject = sampleImage('subject');
const image = sampleImage('image', { subject });

/** Brings one manifest's state from one region to another. */
async function bring(from: Registry, to: Registry, digest: Digest) {
  const found = await from.manifests.read(app, digest);
  if (!found) throw new Error('there is nothing to bring');
  return to.manifests.merge(app, digest, found.register, found.bytes);
}

async function state({ registry }: TestRegion, { digest }: Sample) {
  const found = await registry.manifests.read(app, digest);
  const rows = await registry.referrers.list(app, subject.digest);
  return { register: found?.register, bytes: found?.bytes, rows };
}

describe('a manifest from another region', () => {
  test('is stored with its bytes, its row and its repository, and not journaled', async () => {
    const [eu, us] = [await openRegion('eu'), await openRegion('us')];
    await pushSample(eu.registry, app, image);
    us.counter.reset();
    expect(await bring(eu.registry, us.registry, image.digest)).toBe('merged');
    expect(await bring(eu.registry, us.registry, image.digest)).toBe('unchanged');
    expect(us.counter.log.filter(({ key }) => key.startsWith('jr/'))).toEqual([]);
    expect(await us.registry.manifests.get(app, image)).toMatchObject({ bytes: image.bytes });
    expect(await us.registry.referrers.list(app, subject.digest)).toHaveLength(1);
    expect(await us.registry.catalog.list({ limit: 10 })).toMatchObject({ repositories: [app] });
  });

  test('that was deleted there after this region had it is deleted here, with its row', async () => {
    const [eu, us] = [await openRegion('eu'), await openRegion('us')];
    await pushSample(eu.registry, app, image);
    await bring(eu.registry, us.registry, image.digest);
    await eu.registry.manifests.delete(app, image.digest);
    expect(await bring(eu.registry, us.registry, image.digest)).toBe('merged');
    await expect(us.registry.manifests.get(app, image)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    expect(await us.registry.referrers.list(app, subject.digest)).toEqual([]);
  });

  test('that was pushed here while it was deleted there stays, in both', async () => {
    const [eu, us] = [await openRegion('eu'), await openRegion('us')];
    await pushSample(eu.registry, app, image);
    await bring(eu.registry, us.registry, image.digest);
    await eu.registry.manifests.delete(app, image.digest);
    await pushSample(us.registry, app, image);
    await bring(eu.registry, us.registry, image.digest);
    await bring(us.registry, eu.registry, image.digest);
    expect(await state(eu, image)).toEqual(await state(us, image));
    expect(await eu.registry.manifests.get(app, image)).toMatchObject({ bytes: image.bytes });
    expect(await eu.registry.referrers.list(app, subject.digest)).toHaveLength(1);
  });

  test('pushed in both regions at once has both writes in both', async () => {
    const [eu, us] = [await openRegion('eu'), await openRegion('us')];
    for (const { registry } of [eu, us]) await pushSample(registry, app, image);
    await bring(eu.registry, us.registry, image.digest);
    await bring(us.registry, eu.registry, image.digest);
    const { register } = await state(eu, image);
    expect(register && liveSiblings(register).map(({ origin }) => origin)).toEqual(['eu#1', 'us#1']);
    expect(await state(eu, image)).toEqual(await state(us, image));
  });

  test.each([
    ['without its bytes', undefined],
    ['with other bytes', Buffer.from('{}')],
  ])('%s is refused, and nothing is written', async (_what, bytes) => {
    const [eu, us] = [await openRegion('eu'), await openRegion('us')];
    await pushSample(eu.registry, app, image);
    const found = await eu.registry.manifests.read(app, image.digest);
    const register = found?.register ?? { seen: {}, siblings: [] };
    expect(liveValue(register)).toBeDefined();
    const cause: unknown = await us.registry.manifests
      .merge(app, image.digest, register, bytes)
      .catch((e: unknown) => e);
    expect(isStorageError(cause, 'corrupt')).toBe(true);
    expect(await us.registry.manifests.read(app, image.digest)).toBeUndefined();
  });

  test('whose merge was cut short before its row gets it when the merge is repeated', async () => {
    const [eu, us] = [await openRegion('eu'), await openRegion('us')];
    const merge = () => bring(eu.registry, us.registry, image.digest);
    await pushSample(eu.registry, app, image);
    us.faults.push({ op: 'put', key: '/@f/', when: 'before' });
    await expect(merge()).rejects.toThrow();
    us.faults.length = 0;
    expect(await merge()).toBe('unchanged');
    expect(await us.registry.referrers.list(app, subject.digest)).toHaveLength(1);
    await eu.registry.manifests.delete(app, image.digest);
    us.faults.push({ op: 'put', key: '/@f/', when: 'before' });
    await expect(merge()).rejects.toThrow();
    us.faults.length = 0;
    expect(await merge()).toBe('unchanged');
    expect(await us.registry.referrers.list(app, subject.digest)).toEqual([]);
  });
});
