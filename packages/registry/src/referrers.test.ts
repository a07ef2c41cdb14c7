import { digestOf } from '@atoll/core';
import { keys } from '@atoll/storage';
import { describe, expect, test } from '@jest/globals';
import { name, OCI_IMAGE, openRegion, pushSample, sampleImage, sampleIndex, type Sample } from './testing/region.js';

const app = name('team/app');
const subject = sampleImage('subject');

describe('the referrers of a subject', () => {
  test('are listed before the subject is there, with exactly what the manifests say', async () => {
    const { registry, counter } = await openRegion();
    const config = 'application/vnd.oci.image.config.v1+json';
    const plain = sampleImage('plain', { subject });
    const rich = sampleImage('rich', { subject, artifactType: 'application/x.sbom', annotations: { a: '1', b: '' } });
    const index = sampleIndex([], { subject });
    for (const one of [plain, rich, index]) {
      expect(await pushSample(registry, app, one)).toMatchObject({ subject: subject.digest });
    }
    counter.reset();
    const row = ({ mediaType, digest, bytes }: Sample) => ({ mediaType, digest, size: bytes.length });
    expect(await registry.referrers.list(app, subject.digest)).toStrictEqual([
      { ...row(plain), artifactType: config },
      { ...row(rich), artifactType: 'application/x.sbom', annotations: { a: '1', b: '' } },
      row(index),
    ]);
    expect(counter.calls()).toEqual({ get: 1 });
  });

  test('of an unknown digest or repository are none', async () => {
    const { registry, counter } = await openRegion();
    expect(await registry.referrers.list(name('nowhere'), digestOf('x'))).toEqual([]);
    expect(counter.calls()).toEqual({ get: 1 });
  });

  test('hold no row twice, however often and by however many tags it is pushed', async () => {
    const { registry } = await openRegion();
    const image = sampleImage('a', { subject });
    for (const one of [undefined, 'v1', 'v2', 'v1']) await pushSample(registry, app, image, one);
    expect(await registry.referrers.list(app, subject.digest)).toHaveLength(1);
  });

  test('stay when the subject is deleted, and go when they are', async () => {
    const { registry } = await openRegion();
    const image = sampleImage('a', { subject });
    await pushSample(registry, app, subject);
    await pushSample(registry, app, image);
    await registry.manifests.delete(app, subject.digest);
    expect(await registry.referrers.list(app, subject.digest)).toHaveLength(1);
    await registry.manifests.delete(app, image.digest);
    expect(await registry.referrers.list(app, subject.digest)).toEqual([]);
  });

  test('belong to one repository', async () => {
    const { registry } = await openRegion();
    await pushSample(registry, app, sampleImage('a', { subject }));
    expect(await registry.referrers.list(name('team'), subject.digest)).toEqual([]);
  });

  test('cost a push three requests and the read that follows the write', async () => {
    const { registry, counter } = await openRegion();
    await pushSample(registry, app, sampleImage('a', { subject }));
    const ofReferrers = counter.log.filter(({ key }) => key.includes('/@f/') || key.includes('/@m/'));
    expect(ofReferrers.map(({ op, key }) => `${op} ${/@./.exec(key)?.[0] ?? ''}`)).toEqual([
      'put @m',
      'get @m',
      'get @f',
      'put @f',
      'head @m',
    ]);
  });

  test('fill one page after another, each within what a client reads, and every row can go again', async () => {
    const { registry, memory, restart } = await openRegion();
    const other = await restart();
    const images = Array.from({ length: 506 }, (_, i) => sampleImage(`${i}`, { subject, layers: 0 }));
    for (let i = 0; i < images.length; i += 2) {
      const pair = [registry, other].map((replica, j) => pushSample(replica, app, images[i + j] ?? subject));
      await Promise.all(pair);
    }
    const rows = await registry.referrers.list(app, subject.digest);
    expect(rows.map(({ digest }) => digest).sort()).toEqual(images.map(({ digest }) => digest).sort());
    const pages = await memory.list(keys.referrersOf(app, subject.digest), { limit: 10 });
    expect(pages.entries).toHaveLength(2);
    for (const image of [images[0], images[502], images[505]]) {
      await registry.manifests.delete(app, image?.digest ?? subject.digest);
    }
    expect(await registry.referrers.list(app, subject.digest)).toHaveLength(503);
    await pushSample(registry, app, images[502] ?? subject);
    expect(await registry.referrers.list(app, subject.digest)).toHaveLength(504);
  });

  test('with annotations of megabytes stand on pages of their own', async () => {
    const { registry, memory } = await openRegion();
    for (let i = 0; i < 3; i++) {
      await pushSample(registry, app, sampleImage(`${i}`, { subject, annotations: { big: 'x'.repeat(3_000_000) } }));
    }
    const rows = await registry.referrers.list(app, subject.digest);
    expect(rows).toHaveLength(3);
    const { entries } = await memory.list(keys.referrersOf(app, subject.digest), { limit: 10 });
    expect(entries.map(({ sizeBytes }) => sizeBytes < 4_194_304)).toEqual([true, true, true]);
    expect(rows[0]?.mediaType).toBe(OCI_IMAGE);
  });
});
