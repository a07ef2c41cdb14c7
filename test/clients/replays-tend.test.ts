import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { jsonOf, verdict } from '../conformance/answers.js';
import { registryUnderTest } from '../conformance/registry-under-test.js';
import type { Repository } from '../conformance/repository.js';
import { contentOf, descriptorOf, imageOf, manifestOf, OCI_IMAGE, randomBlob } from '../conformance/samples.js';
import { MANIFEST_TYPES } from '../harness/images.js';
import { headerOf } from '../harness/wire.js';

const registry = registryUnderTest();
const TagPage = z.object({ name: z.string(), tags: z.array(z.string()) });

/** Follows links as a page of a code host does: it takes the path and query of each. */
async function allTags(repository: Repository, pageSize: number): Promise<string[]> {
  const tags: string[] = [];
  let next: string | undefined = repository.path(`tags/list?n=${pageSize}`);
  while (next !== undefined) {
    const page = await registry.send('GET', next);
    expect(page.status).toBe(200);
    tags.push(...TagPage.parse(jsonOf(page)).tags);
    next = /^<([^>]+)>; rel="next"$/.exec(page.headers.link?.toString() ?? '')?.[1];
  }
  return tags;
}

test('a code host finds no interface of its own here, lists tags page by page, and looks at each', async () => {
  expect((await registry.send('GET', '/gitlab/v1/')).status).toBe(404);
  const repository = registry.repository();
  const names = ['1.0', '1.0-rc', '1.0.1', 'latest', 'main'];
  for (const name of names) await repository.push(imageOf(), name);
  expect(await allTags(repository, 2)).toEqual(names);
  for (const name of names) {
    const head = await repository.send('HEAD', `manifests/${name}`, { headers: { Accept: MANIFEST_TYPES } });
    const manifest = await repository.send('GET', `manifests/${name}`, { headers: { Accept: MANIFEST_TYPES } });
    expect(headerOf(manifest, 'Docker-Content-Digest')).toBe(headerOf(head, 'Docker-Content-Digest'));
    const { config } = z.object({ config: z.looseObject({ digest: z.string() }) }).parse(jsonOf(manifest));
    expect((await repository.send('GET', `blobs/${config.digest}`)).status).toBe(200);
  }
});

test('a code host that asks what may be done to a tag is told that it may be deleted', async () => {
  const answer = await registry.send('OPTIONS', '/v2/name/manifests/tag');
  expect(answer.status).toBeLessThan(300);
  expect(headerOf(answer, 'Allow').split(', ')).toContain('DELETE');
});

test('a code host deletes one of two tags on a digest by name, and the other stays', async () => {
  const repository = registry.repository();
  const image = imageOf();
  for (const tag of ['one', 'two']) await repository.push(image, tag);
  expect((await repository.send('DELETE', 'manifests/one')).status).toBe(202);
  expect(await allTags(repository, 100)).toEqual(['two']);
  expect((await repository.send('DELETE', 'manifests/one')).status).toBe(404);
  expect((await repository.send('HEAD', 'manifests/two')).status).toBe(200);
});

test('a client that believes tags cannot be deleted moves one to a dummy and deletes that by digest', async () => {
  const repository = registry.repository();
  const image = imageOf();
  for (const tag of ['keep', 'drop']) await repository.push(image, tag);
  const [config, layer] = [contentOf(`{"config":{},"id":"${image.digest}"}`), randomBlob()];
  await repository.pushBlobs(config, layer);
  const body = {
    schemaVersion: 2,
    mediaType: OCI_IMAGE,
    config: descriptorOf(config, 'application/vnd.oci.image.config.v1+json'),
    layers: [descriptorOf(layer, 'application/vnd.oci.image.layer.v1.tar')],
  };
  const dummy = manifestOf(body, { mediaType: OCI_IMAGE });
  expect((await repository.put('drop', dummy)).status).toBe(201);
  expect((await repository.send('DELETE', `manifests/${dummy.digest}`)).status).toBe(202);
  expect(verdict(await repository.send('GET', 'manifests/drop'))).toBe('404 MANIFEST_UNKNOWN');
  expect(headerOf(await repository.send('HEAD', 'manifests/keep'), 'Docker-Content-Digest')).toBe(image.digest);
});

test('a chart client lists every tag to find the newest version, with underscores for plus signs', async () => {
  const repository = registry.repository();
  for (const tag of ['1.0.0', '1.1.0_build.5', '1.2.0-rc.1']) await repository.push(imageOf(), tag);
  const page = TagPage.parse(jsonOf(await repository.send('GET', 'tags/list')));
  expect(page).toEqual({ name: repository.name, tags: ['1.0.0', '1.1.0_build.5', '1.2.0-rc.1'] });
});

test('a client gives a sha512 manifest a tag as it pushes it by digest', async () => {
  const repository = registry.repository();
  const image = imageOf({ algorithm: 'sha512', layers: [randomBlob(32, 'sha512')] });
  await repository.pushBlobs(...image.blobs);
  const put = await repository.put(`${image.digest}?tag=one&tag=two`, image);
  expect([put.status, headerOf(put, 'OCI-Tag')]).toEqual([201, 'one, two']);
  expect(headerOf(await repository.send('HEAD', 'manifests/two'), 'Docker-Content-Digest')).toBe(image.digest);
});
