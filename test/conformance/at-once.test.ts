import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { jsonOf } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import type { Repository } from './repository.js';
import { artifactOf, EMPTY_BLOB, imageOf, indexOf, type Manifest } from './samples.js';

const registry = registryUnderTest();

const TagList = z.object({ tags: z.array(z.string()) });
const Rows = z.object({ manifests: z.array(z.object({ digest: z.string() })) });

async function tagsOf(repository: Repository): Promise<string[]> {
  return TagList.parse(jsonOf(await repository.send('GET', 'tags/list'))).tags;
}

/** The digest a tag leads to, after a look whether its manifest is really there. */
async function pulled(repository: Repository, tag: string): Promise<string> {
  const { status, headers } = await repository.send('GET', `manifests/${tag}`);
  expect(status).toBe(200);
  return String(headers['docker-content-digest']);
}

async function smallImages(repository: Repository, count: number): Promise<Manifest[]> {
  const images = Array.from({ length: count }, () => artifactOf('a/b', {}));
  await repository.pushBlobs(EMPTY_BLOB);
  return images;
}

describe('many clients at once', () => {
  test('push one image to one tag: each is told 201', async () => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.pushBlobs(...image.blobs);
    const answers = await Promise.all(Array.from({ length: 16 }, () => repository.put('same', image)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(await pulled(repository, 'same')).toBe(image.digest);
  });

  test('move one tag: it names one of theirs, and every image is there by digest', async () => {
    const repository = registry.repository();
    const images = await smallImages(repository, 12);
    const answers = await Promise.all(images.map((image) => repository.put('moving', image)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(images.map(({ digest }) => digest)).toContain(await pulled(repository, 'moving'));
    for (const { digest } of images) await pulled(repository, digest);
    expect(await tagsOf(repository)).toEqual(['moving']);
  });

  test('push to tags of their own: all are listed, in order', async () => {
    const repository = registry.repository();
    const images = await smallImages(repository, 24);
    const names = images.map((_, at) => `t${String(at).padStart(2, '0')}`);
    await Promise.all(images.map((image, at) => repository.put(names[at] ?? '', image)));
    expect(await tagsOf(repository)).toEqual(names);
  });

  test('push and delete one manifest with its tag: in the end there is all of it or nothing', async () => {
    const repository = registry.repository();
    const subject = imageOf();
    const image = artifactOf('a/b', { subject });
    await repository.push(image, 'v1');
    for (let round = 0; round < 5; round++) {
      const both = [repository.put('v1', image), repository.send('DELETE', `manifests/${image.digest}`)] as const;
      const [put, deleted] = await Promise.all(both);
      expect([put.status, [202, 404].includes(deleted.status)]).toEqual([201, true]);
      const isThere = (await repository.send('HEAD', `manifests/${image.digest}`)).status === 200;
      expect(await tagsOf(repository)).toEqual(isThere ? ['v1'] : []);
      const rows = Rows.parse(jsonOf(await repository.send('GET', `referrers/${subject.digest}`)));
      expect(rows.manifests.map(({ digest }) => digest)).toEqual(isThere ? [image.digest] : []);
    }
  });

  test.each(['a tag', 'a manifest', 'a blob'])(
    'delete %s: one of them at least is told 202, the others 202 or 404, and it is gone',
    async (what) => {
      const repository = registry.repository();
      const image = imageOf();
      const [blob] = await Promise.all([repository.pushBytes('only here'), repository.push(image, 'v1')]);
      const paths = {
        'a tag': 'manifests/v1',
        'a manifest': `manifests/${image.digest}`,
        'a blob': `blobs/${blob.digest}`,
      };
      const path = paths[what as keyof typeof paths];
      const answers = await Promise.all(Array.from({ length: 16 }, () => repository.send('DELETE', path)));
      const told = new Set(answers.map(({ status }) => status));
      expect(told.has(202)).toBe(true);
      expect([...told].filter((status) => status !== 202 && status !== 404)).toEqual([]);
      expect((await repository.send('GET', path)).status).toBe(404);
    },
  );

  test('an image and the index that names it, one after the other, with others beside: what was just pushed is there', async () => {
    const repository = registry.repository();
    const images = await smallImages(repository, 8);
    const answers = await Promise.all(
      images.map(async (image) => {
        const child = await repository.put(image.digest, image);
        const parent = indexOf([image]);
        return [child.status, (await repository.put(parent.digest, parent)).status];
      }),
    );
    expect(answers).toEqual(images.map(() => [201, 201]));
  });
});
