import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import type { Repository } from './repository.js';
import { imageOf, randomDigest, type Manifest } from './samples.js';

const registry = registryUnderTest();

let repository: Repository;
let count = 0;
let tag: string;
const [old, next] = [imageOf(), imageOf()];

beforeAll(async () => {
  repository = registry.repository();
  await repository.push(old);
  await repository.pushBlobs(...next.blobs);
});

beforeEach(async () => {
  tag = `v${++count}`;
  await repository.put(tag, old);
});

async function named(reference: string): Promise<string | undefined> {
  const { headers } = await repository.send('HEAD', `manifests/${reference}`);
  const digest = headers['docker-content-digest'];
  return typeof digest === 'string' ? digest : undefined;
}

describe('a push on a condition (RFC 9110, 13.1)', () => {
  test.each([
    ['it names what the client saw', { 'If-Match': `"${old.digest}"` }],
    ['it names one of these', { 'If-Match': `"${randomDigest()}", "${old.digest}"` }],
    ['it is there', { 'If-Match': '*' }],
    ['it names something else', { 'If-None-Match': `"${next.digest}"` }],
  ])('moves the tag while %s', async (_what, headers) => {
    expect((await repository.put(tag, next, headers)).status).toBe(201);
    expect(await named(tag)).toBe(next.digest);
  });

  test.each([
    ['it names something else by now', { 'If-Match': `"${randomDigest()}"` }],
    ['the entity tag is weak', { 'If-Match': `W/"${old.digest}"` }],
    ['it is there', { 'If-None-Match': '*' }],
    ['it names that', { 'If-None-Match': `"${old.digest}"` }],
    ['one of two does not hold', { 'If-Match': '*', 'If-None-Match': '*' }],
  ])('is 412 where %s, and nothing is stored', async (_what, headers) => {
    const fresh = imageOf({ layers: [] });
    await repository.pushBlobs(...fresh.blobs);
    expect(verdict(await repository.put(tag, fresh, headers))).toBe('412 PRECONDITION_FAILED');
    expect(await named(tag)).toBe(old.digest);
    expect(await named(fresh.digest)).toBeUndefined();
  });

  test('makes a tag that is not there, once', async () => {
    const create = (manifest: Manifest) => repository.put(`new-${tag}`, manifest, { 'If-None-Match': '*' });
    expect((await create(next)).status).toBe(201);
    expect(verdict(await create(old))).toBe('412 PRECONDITION_FAILED');
    expect(await named(`new-${tag}`)).toBe(next.digest);
  });

  test('makes a tag again that was deleted', async () => {
    await repository.send('DELETE', `manifests/${tag}`);
    expect((await repository.put(tag, next, { 'If-None-Match': '*' })).status).toBe(201);
    expect(await named(tag)).toBe(next.digest);
  });

  test('asks for the tag also where the digest to keep it by is given', async () => {
    const strong = imageOf({ algorithm: 'sha512' });
    await repository.pushBlobs(...strong.blobs);
    const push = (seen: string) =>
      repository.put(`${tag}?digest=${strong.digest}`, strong, { 'If-Match': `"${seen}"` });
    expect(verdict(await push(strong.digest))).toBe('412 PRECONDITION_FAILED');
    expect((await push(old.digest)).status).toBe(201);
    expect(await named(tag)).toBe(strong.digest);
  });

  test('does not make a tag that should be there', async () => {
    expect(verdict(await repository.put(`no-${tag}`, old, { 'If-Match': '*' }))).toBe('412 PRECONDITION_FAILED');
    expect(await named(`no-${tag}`)).toBeUndefined();
  });

  test('what is wrong with the push itself comes first', async () => {
    const headers = { 'If-None-Match': '*' };
    expect(verdict(await repository.put(tag, imageOf(), headers))).toBe('400 MANIFEST_BLOB_UNKNOWN');
    expect(verdict(await repository.put(tag, { ...old, bytes: Buffer.from('{') }, headers))).toBe(
      '400 MANIFEST_INVALID',
    );
  });

  test('by digest asks whether the manifest is there', async () => {
    expect(verdict(await repository.put(old.digest, old, { 'If-None-Match': '*' }))).toBe('412 PRECONDITION_FAILED');
    expect((await repository.put(old.digest, old, { 'If-Match': '*' })).status).toBe(201);
  });

  test('of twelve that want to make one tag exactly one does', async () => {
    const images = Array.from({ length: 12 }, () => imageOf({ layers: [] }));
    for (const image of images) await repository.pushBlobs(...image.blobs);
    const answers = await Promise.all(
      images.map((image) => repository.put(`race-${tag}`, image, { 'If-None-Match': '*' })),
    );
    const won = answers.map(({ status }) => status).indexOf(201);
    expect(answers.map(verdict).sort()).toEqual(['201', ...Array<string>(11).fill('412 PRECONDITION_FAILED')]);
    expect(await named(`race-${tag}`)).toBe(images[won]?.digest);
  });
});

describe('a delete on a condition', () => {
  test('takes the tag away while it names what the client saw', async () => {
    const answer = await repository.send('DELETE', `manifests/${tag}`, { headers: { 'If-Match': `"${next.digest}"` } });
    expect(verdict(answer)).toBe('412 PRECONDITION_FAILED');
    expect(await named(tag)).toBe(old.digest);
    const same = { headers: { 'If-Match': `"${old.digest}"` } };
    expect((await repository.send('DELETE', `manifests/${tag}`, same)).status).toBe(202);
    expect(verdict(await repository.send('DELETE', `manifests/${tag}`, same))).toBe('404 MANIFEST_UNKNOWN');
  });

  test('by digest: another one is 412, its own is 202', async () => {
    const image = imageOf();
    await repository.push(image);
    const path = `manifests/${image.digest}`;
    const other = await repository.send('DELETE', path, { headers: { 'If-Match': `"${old.digest}"` } });
    expect(verdict(other)).toBe('412 PRECONDITION_FAILED');
    expect((await repository.send('DELETE', path, { headers: { 'If-Match': `"${image.digest}"` } })).status).toBe(202);
  });
});
