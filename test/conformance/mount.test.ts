import { describe, expect, test } from '@jest/globals';
import { expectMounted, expectUpload, mount } from './mounts.js';
import { registryUnderTest } from './registry-under-test.js';
import { imageOf, randomBlob, randomDigest } from './samples.js';
import { Upload } from './upload.js';

const registry = registryUnderTest();

describe('a mount (distribution-spec, Mounting a blob from another repository)', () => {
  test.each(['sha256', 'sha512'] as const)(
    'of a %s blob that the source has is 201 without its bytes',
    async (algorithm) => {
      const [source, target] = [registry.repository(), registry.repository()];
      const blob = randomBlob(2000, algorithm);
      await source.pushBlobs(blob);
      await expectMounted(target, await mount(target, `mount=${blob.digest}&from=${source.name}`), blob);
    },
  );

  test('is 201 again, and from the repository itself', async () => {
    const [source, target] = [registry.repository(), registry.repository()];
    const blob = await source.pushBytes(randomBlob().bytes);
    for (let time = 0; time < 2; time++) {
      await expectMounted(target, await mount(target, `mount=${blob.digest}&from=${source.name}`), blob);
    }
    await expectMounted(target, await mount(target, `mount=${blob.digest}&from=${target.name}`), blob);
  });

  test('of what the target has already is 201, whatever the source has', async () => {
    const [nobody, target] = [registry.repository(), registry.repository()];
    const blob = await target.pushBytes(randomBlob().bytes);
    await expectMounted(target, await mount(target, `mount=${blob.digest}&from=${nobody.name}`), blob);
  });

  test('takes what other clients add: origin, and an escaped colon and slash', async () => {
    const [source, target] = [registry.repository(), registry.repository()];
    const blob = await source.pushBytes(randomBlob().bytes);
    const query = `mount=${encodeURIComponent(blob.digest)}&from=${encodeURIComponent(source.name)}&origin=registry.example`;
    await expectMounted(target, await mount(target, query), blob);
  });

  test('serves for a manifest at once', async () => {
    const [source, target] = [registry.repository(), registry.repository()];
    const image = imageOf();
    await source.push(image, 'v1');
    for (const { digest } of image.blobs) {
      expect((await mount(target, `mount=${digest}&from=${source.name}`)).status).toBe(201);
    }
    expect((await target.put('v1', image)).status).toBe(201);
  });

  test('leaves each repository its own blob: what is deleted here stays there', async () => {
    const [source, target] = [registry.repository(), registry.repository()];
    const { digest } = await source.pushBytes(randomBlob().bytes);
    await mount(target, `mount=${digest}&from=${source.name}`);
    expect((await target.send('DELETE', `blobs/${digest}`)).status).toBe(202);
    expect((await target.send('HEAD', `blobs/${digest}`)).status).toBe(404);
    expect((await source.send('HEAD', `blobs/${digest}`)).status).toBe(200);
    await mount(target, `mount=${digest}&from=${source.name}`);
    expect((await source.send('DELETE', `blobs/${digest}`)).status).toBe(202);
    expect((await source.send('HEAD', `blobs/${digest}`)).status).toBe(404);
    expect((await target.send('HEAD', `blobs/${digest}`)).status).toBe(200);
  });

  test('of what its source has lost is an upload', async () => {
    const [source, target] = [registry.repository(), registry.repository()];
    const { digest } = await source.pushBytes(randomBlob().bytes);
    await source.send('DELETE', `blobs/${digest}`);
    await expectUpload(target, await mount(target, `mount=${digest}&from=${source.name}`));
    expect((await target.send('HEAD', `blobs/${digest}`)).status).toBe(404);
  });
});

describe('a mount that cannot be is an upload, never a fault', () => {
  test.each([
    ['a digest nobody has', (source: string) => `mount=${randomDigest()}&from=${source}`],
    ['a digest nobody has, without a source', () => `mount=${randomDigest()}`],
    ['a digest of an algorithm nobody has', (source: string) => `mount=md5:${'0'.repeat(32)}&from=${source}`],
    ['half a digest', (source: string) => `mount=sha256:abc&from=${source}`],
    ['no digest', (source: string) => `mount=&from=${source}`],
    ['nothing at all', () => 'mount=&from='],
  ])('of %s', async (_what, query) => {
    const [source, target] = [registry.repository(), registry.repository()];
    await source.pushBytes(randomBlob().bytes);
    await expectUpload(target, await mount(target, query(source.name)));
  });

  test.each([
    ['that is not there', 'conformance/not-there'],
    ['that cannot be: upper case', 'Not/A/Name'],
    ['that climbs', '..%2f..%2fetc'],
    ['that climbs, escaped twice', '%252e%252e%252f'],
    ['that is empty', ''],
    ['that is very long', 'a'.repeat(2000)],
    ['with a line break', 'a%0d%0ab'],
    ['with a zero byte', 'a%00b'],
    ['with a word that routes end in', 'a/blobs/uploads'],
  ])('from a source %s', async (_what, from) => {
    const [source, target] = [registry.repository(), registry.repository()];
    const { digest } = await source.pushBytes(randomBlob().bytes);
    await expectUpload(target, await mount(target, `mount=${digest}&from=${from}`));
    expect((await target.send('HEAD', `blobs/${digest}`)).status).toBe(404);
  });

  test('and can bring the very blob that was not found', async () => {
    const target = registry.repository();
    const blob = randomBlob(4000);
    const answer = await mount(target, `mount=${blob.digest}&from=conformance/not-there`);
    await expectMounted(target, await Upload.opened(target, answer).put(blob.digest, blob.bytes), blob);
  });

  test('and can be given up, as clients do that want to try another source', async () => {
    const [source, target] = [registry.repository(), registry.repository()];
    const blob = await source.pushBytes(randomBlob().bytes);
    const answer = await mount(target, `mount=${blob.digest}&from=conformance/not-there`);
    expect((await Upload.opened(target, answer).cancel()).status).toBe(204);
    await expectMounted(target, await mount(target, `mount=${blob.digest}&from=${source.name}`), blob);
  });

  test.each(['mount', 'from'])('but %s given twice is 400: nobody could say which one counts', async (name) => {
    const { status } = await mount(registry.repository(), `mount=${randomDigest()}&from=a/b&${name}=a/b`);
    expect(status).toBe(400);
  });
});
