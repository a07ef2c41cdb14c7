import { beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { expectStatus } from '../harness/wire.js';
import { jsonOf, verdict } from './answers.js';
import { dataSets } from './data-sets.js';
import { registryUnderTest } from './registry-under-test.js';
import type { Repository } from './repository.js';
import { imageOf, type Manifest } from './samples.js';

const registry = registryUnderTest();

const TagList = z.object({ tags: z.array(z.string()) });
const Rows = z.object({
  manifests: z.array(z.looseObject({ digest: z.string(), artifactType: z.string().optional() })),
});

async function rowsOf(repository: Repository, digest: string, query = ''): Promise<z.infer<typeof Rows>['manifests']> {
  const answer = await repository.send('GET', `referrers/${digest}${query}`);
  return Rows.parse(jsonOf(expectStatus('referrers', answer, 200))).manifests;
}

async function tagsOf(repository: Repository, query = ''): Promise<string[]> {
  return TagList.parse(jsonOf(await repository.send('GET', `tags/list${query}`))).tags;
}

// In the order of a client's life: each step needs those before it.
describe.each(dataSets())('$what', ({ manifests, referrers = {}, tagged }) => {
  let repository: Repository;
  const all = Object.values(manifests);
  const tags = Object.keys(manifests)
    .filter((name) => !name.startsWith('-'))
    .sort();
  const withTag = (tag: string): Manifest => manifests[tag] ?? imageOf();

  beforeAll(async () => {
    repository = registry.repository();
    for (const [name, manifest] of Object.entries(manifests)) {
      const parameter = tagged === 'by parameter' ? `?tag=${name}` : '';
      await repository.pushBlobs(...manifest.blobs);
      expectStatus(name, await repository.put(`${manifest.digest}${parameter}`, manifest), 201);
    }
    for (const tag of tagged === 'by parameter' ? [] : tags) {
      expectStatus(tag, await repository.put(tag, withTag(tag)), 201);
    }
  });

  test('is listed by its tags', async () => {
    expect(await tagsOf(repository)).toEqual(tags);
    for (const [at, tag] of tags.entries())
      expect(await tagsOf(repository, `?last=${tag}`)).toEqual(tags.slice(at + 1));
  });

  test('comes back exactly, by digest and by tag', async () => {
    for (const [name, { digest, bytes, mediaType }] of Object.entries(manifests)) {
      for (const reference of name.startsWith('-') ? [digest] : [digest, name]) {
        const head = await repository.send('HEAD', `manifests/${reference}`);
        const get = await repository.send('GET', `manifests/${reference}`);
        for (const { status, headers } of [head, get]) {
          expect([status, headers['content-type'], headers['content-length']]).toEqual([
            200,
            mediaType,
            String(bytes.length),
          ]);
          expect(headers['docker-content-digest']).toBe(digest);
        }
        expect(get.body.equals(bytes)).toBe(true);
      }
    }
  });

  test('has its blobs', async () => {
    for (const { digest, bytes } of all.flatMap(({ blobs }) => blobs)) {
      const { status, body } = await repository.send('GET', `blobs/${digest}`);
      expect([status, body.equals(bytes)]).toEqual([200, true]);
    }
  });

  test('is among the referrers of its subject, all and by type', async () => {
    for (const [digest, expected] of Object.entries(referrers)) {
      const rows = await rowsOf(repository, digest);
      expect(rows.map((row) => row.digest).sort()).toEqual(expected.map((one) => one.digest).sort());
      for (const { digest: mine, artifactType = '' } of rows) {
        const same = await rowsOf(repository, digest, `?artifactType=${encodeURIComponent(artifactType)}`);
        expect(same).toEqual(rows.filter((row) => row.artifactType === artifactType));
        expect(same.map((row) => row.digest)).toContain(mine);
      }
    }
  });

  test('is deleted, newest first, and gone at once', async () => {
    for (const tag of tags) {
      expect((await repository.send('DELETE', `manifests/${tag}`)).status).toBe(202);
      expect((await repository.send('HEAD', `manifests/${tag}`)).status).toBe(404);
    }
    expect(await tagsOf(repository)).toEqual([]);
    for (const { digest } of all.toReversed()) {
      expect((await repository.send('DELETE', `manifests/${digest}`)).status).toBe(202);
      expect((await repository.send('HEAD', `manifests/${digest}`)).status).toBe(404);
    }
    for (const digest of Object.keys(referrers)) expect(await rowsOf(repository, digest)).toEqual([]);
    for (const digest of new Set(all.flatMap(({ blobs }) => blobs.map((blob) => blob.digest)))) {
      expect((await repository.send('DELETE', `blobs/${digest}`)).status).toBe(202);
      expect((await repository.send('HEAD', `blobs/${digest}`)).status).toBe(404);
    }
  });
});

describe('a manifest of another digest than it is pushed by', () => {
  test.each(['sha256', 'sha512'] as const)('is 400 by %s, and is not there by either', async (algorithm) => {
    const repository = registry.repository();
    const image = imageOf({ algorithm });
    const damaged = { ...image, bytes: Buffer.concat([image.bytes, Buffer.from('\n')]) };
    await repository.pushBlobs(...image.blobs);
    expect(verdict(await repository.put(image.digest, damaged))).toBe('400 DIGEST_INVALID');
    expect((await repository.send('HEAD', `manifests/${image.digest}`)).status).toBe(404);
  });
});
