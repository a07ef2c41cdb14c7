import { beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { jsonOf, verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import type { Repository } from './repository.js';
import { digestOf, imageOf, indexOf, randomBlob, randomDigest, type Manifest } from './samples.js';

const registry = registryUnderTest();

let repository: Repository;
let image: Manifest;

beforeEach(async () => {
  repository = registry.repository();
  image = imageOf();
  await repository.push(image);
  for (const tag of ['v1', 'v2', 'v3']) await repository.put(tag, image);
});

async function tags(): Promise<string[]> {
  return z.object({ tags: z.array(z.string()) }).parse(jsonOf(await repository.send('GET', 'tags/list'))).tags;
}

async function status(rest: string): Promise<number[]> {
  return [(await repository.send('HEAD', rest)).status, (await repository.send('GET', rest)).status];
}

describe('deleting a tag (distribution-spec, Deleting tags)', () => {
  test('202 without a body, and it is gone at once, the others and the manifest stay', async () => {
    const answer = await repository.send('DELETE', 'manifests/v2');
    expect([answer.status, answer.headers['content-length'], answer.body.length]).toEqual([202, '0', 0]);
    expect(await status('manifests/v2')).toEqual([404, 404]);
    expect(await tags()).toEqual(['v1', 'v3']);
    for (const reference of ['v1', 'v3', image.digest])
      expect(await status(`manifests/${reference}`)).toEqual([200, 200]);
  });

  test('twice is 404 MANIFEST_UNKNOWN, and it can be set again', async () => {
    await repository.send('DELETE', 'manifests/v1');
    expect(verdict(await repository.send('DELETE', 'manifests/v1'))).toBe('404 MANIFEST_UNKNOWN');
    expect((await repository.put('v1', image)).status).toBe(201);
    expect(await tags()).toEqual(['v1', 'v2', 'v3']);
  });

  test('the last one leaves an empty list and the manifest', async () => {
    for (const tag of ['v1', 'v2', 'v3']) await repository.send('DELETE', `manifests/${tag}`);
    expect(await tags()).toEqual([]);
    expect(await status(`manifests/${image.digest}`)).toEqual([200, 200]);
  });
});

describe('deleting a manifest (distribution-spec, Deleting Manifests)', () => {
  test.each(['sha256', 'sha512'] as const)(
    'by %s: 202, and all tags on it are gone at once, no other',
    async (algorithm) => {
      const [mine, other] = [imageOf({ algorithm }), imageOf()];
      await repository.push(mine);
      await repository.put(`${mine.digest}?tag=v1&tag=v3&tag=v9`, mine);
      await repository.push(other, 'other');
      const answer = await repository.send('DELETE', `manifests/${mine.digest}`);
      expect([answer.status, answer.headers['content-length']]).toEqual([202, '0']);
      for (const reference of ['v1', 'v3', 'v9', mine.digest])
        expect(await status(`manifests/${reference}`)).toEqual([404, 404]);
      expect(await tags()).toEqual(['other', 'v2']);
      expect(await status('manifests/v2')).toEqual([200, 200]);
    },
  );

  test('twice is 404 MANIFEST_UNKNOWN, and it can be pushed again, without its tags', async () => {
    await repository.send('DELETE', `manifests/${image.digest}`);
    expect(verdict(await repository.send('DELETE', `manifests/${image.digest}`))).toBe('404 MANIFEST_UNKNOWN');
    expect((await repository.put(image.digest, image)).status).toBe(201);
    expect(await status(`manifests/${image.digest}`)).toEqual([200, 200]);
    expect(await tags()).toEqual([]);
  });

  test('the same bytes by sha256 and by sha512 are two manifests', async () => {
    const twin = { ...image, digest: digestOf(image.bytes, 'sha512') };
    expect(await status(`manifests/${twin.digest}`)).toEqual([404, 404]);
    await repository.put(`${twin.digest}?tag=strong`, twin);
    expect((await repository.send('DELETE', `manifests/${image.digest}`)).status).toBe(202);
    expect(await tags()).toEqual(['strong']);
    expect((await repository.send('GET', 'manifests/strong')).headers['docker-content-digest']).toBe(twin.digest);
  });

  test('a tag that moved away from it stays', async () => {
    const next = imageOf();
    await repository.push(next, 'v2');
    await repository.send('DELETE', `manifests/${image.digest}`);
    expect(await tags()).toEqual(['v2']);
  });

  test('another repository keeps it', async () => {
    const other = registry.repository();
    await other.push(image, 'v1');
    await repository.send('DELETE', `manifests/${image.digest}`);
    expect((await other.send('HEAD', 'manifests/v1')).status).toBe(200);
  });

  test('a child of an index may be deleted, and the index stays', async () => {
    const index = indexOf([image]);
    await repository.push(index, 'index');
    expect((await repository.send('DELETE', `manifests/${image.digest}`)).status).toBe(202);
    expect(await status('manifests/index')).toEqual([200, 200]);
  });

  test.each([
    ['404 MANIFEST_UNKNOWN', 'missing'],
    ['404 MANIFEST_UNKNOWN', '.INVALID'],
    ['404 MANIFEST_UNKNOWN', randomDigest()],
    ['404 MANIFEST_UNKNOWN', randomDigest('sha512')],
    ['400 DIGEST_INVALID', 'sha256:x'],
  ])('%s for %.12s', async (expected, reference) => {
    expect(verdict(await repository.send('DELETE', `manifests/${reference}`))).toBe(expected);
    expect(await tags()).toEqual(['v1', 'v2', 'v3']);
  });

  test('in a repository that is not there: 404', async () => {
    const nowhere = registry.repository();
    expect((await nowhere.send('DELETE', `manifests/${image.digest}`)).status).toBe(404);
    expect((await nowhere.send('DELETE', 'manifests/v1')).status).toBe(404);
  });
});

describe('deleting a blob (distribution-spec, Deleting Blobs)', () => {
  test.each(['sha256', 'sha512'] as const)(
    'by %s: 202, then 404, a second time too, and it can be pushed again',
    async (algorithm) => {
      const blob = randomBlob(100, algorithm);
      await repository.pushBlobs(blob);
      const answer = await repository.send('DELETE', `blobs/${blob.digest}`);
      expect([answer.status, answer.headers['content-length'], answer.body.length]).toEqual([202, '0', 0]);
      expect(await status(`blobs/${blob.digest}`)).toEqual([404, 404]);
      expect(verdict(await repository.send('DELETE', `blobs/${blob.digest}`))).toBe('404 BLOB_UNKNOWN');
      await repository.pushBlobs(blob);
      expect(await status(`blobs/${blob.digest}`)).toEqual([200, 200]);
    },
  );

  test('another repository keeps it', async () => {
    const [blob, other] = [randomBlob(), registry.repository()];
    await repository.pushBlobs(blob);
    await other.pushBlobs(blob);
    expect((await repository.send('DELETE', `blobs/${blob.digest}`)).status).toBe(202);
    expect(await status(`blobs/${blob.digest}`)).toEqual([404, 404]);
    expect((await other.send('GET', `blobs/${blob.digest}`)).body.equals(blob.bytes)).toBe(true);
  });

  test('one that a manifest here names is 405 UNSUPPORTED until the manifest is gone', async () => {
    const [blob] = image.blobs;
    expect(verdict(await repository.send('DELETE', `blobs/${blob?.digest}`))).toBe('405 UNSUPPORTED');
    expect(await status(`blobs/${blob?.digest}`)).toEqual([200, 200]);
    await repository.send('DELETE', `manifests/${image.digest}`);
    expect((await repository.send('DELETE', `blobs/${blob?.digest}`)).status).toBe(202);
    expect(await status(`blobs/${blob?.digest}`)).toEqual([404, 404]);
  });

  test('one that is gone cannot be named by a manifest', async () => {
    const next = imageOf();
    await repository.pushBlobs(...next.blobs);
    await repository.send('DELETE', `blobs/${next.blobs[1]?.digest}`);
    expect(verdict(await repository.put('next', next))).toBe('400 MANIFEST_BLOB_UNKNOWN');
  });
});
