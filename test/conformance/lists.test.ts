import { beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { jsonOf, nextPage, valuesOf, verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import type { Repository } from './repository.js';
import { EMPTY_BLOB, imageOf } from './samples.js';

const registry = registryUnderTest();

const TagList = z.strictObject({ name: z.string(), tags: z.array(z.string()) });
const Catalog = z.strictObject({ repositories: z.array(z.string()) });

/** In the order of their bytes, which is neither that of a dictionary nor that of versions. */
const TAGS = ['0.1.2', '0.1.20', '10', '9', 'A', 'Z', '_', 'a', 'a-b', 'a.b', 'a_b', 'math', 'math-x', 'math.x', 'v1'];
const image = imageOf({ layers: [] });
let repository: Repository;

beforeAll(async () => {
  repository = registry.repository();
  await repository.push(image);
  await repository.put(
    `${image.digest}?${TAGS.toReversed()
      .map((tag) => `tag=${tag}`)
      .join('&')}`,
    image,
  );
});

async function tagsOf(query = '', of = repository): Promise<{ tags: string[]; next: string | undefined }> {
  const answer = await of.send('GET', `tags/list${query}`);
  expect(answer.status).toBe(200);
  expect(valuesOf(answer, 'Content-Type')).toEqual(['application/json']);
  const { name, tags } = TagList.parse(jsonOf(answer));
  expect(name).toBe(of.name);
  return { tags, next: nextPage(answer) };
}

describe('the tags of a repository (distribution-spec, Listing Tags)', () => {
  test('all of them, in the order of their bytes, without a Link', async () => {
    expect(await tagsOf()).toEqual({ tags: TAGS, next: undefined });
  });

  test('HEAD answers what GET does, without the body', async () => {
    const [get, head] = [await repository.send('GET', 'tags/list'), await repository.send('HEAD', 'tags/list')];
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([
      200,
      get.headers['content-length'],
      0,
    ]);
  });

  test.each([1, 2, 7, TAGS.length - 1])('n=%d: that many, and a Link to the rest', async (n) => {
    const { tags, next } = await tagsOf(`?n=${n}`);
    expect(tags).toEqual(TAGS.slice(0, n));
    const { pathname, searchParams } = new URL(next ?? '', registry.wire.url);
    expect(pathname).toBe(repository.path('tags/list'));
    expect(Object.fromEntries(searchParams)).toEqual({ n: String(n), last: TAGS[n - 1] });
  });

  test.each([TAGS.length, TAGS.length + 1, 100_000, '99999999999999999999'])(
    'n=%s: all of them, and no Link',
    async (n) => {
      expect(await tagsOf(`?n=${n}`)).toEqual({ tags: TAGS, next: undefined });
    },
  );

  test('n=0: none, and no Link', async () => {
    expect(await tagsOf('?n=0')).toEqual({ tags: [], next: undefined });
  });

  test.each(['-1', 'x', '1.5', '1e3', '', '%20', '+1', '0x10'])('n=%s is 400 PAGINATION_NUMBER_INVALID', async (n) => {
    expect(verdict(await repository.send('GET', `tags/list?n=${n}`))).toBe('400 PAGINATION_NUMBER_INVALID');
  });

  test.each(['n=1&n=2', 'last=a&last=b'])('%s is 400: which of them counts?', async (query) => {
    expect(verdict(await repository.send('GET', `tags/list?${query}`))).toBe('400 PAGINATION_NUMBER_INVALID');
  });

  test.each([
    ...TAGS.map((tag) => [`the tag ${tag}`, tag]),
    ['the first digit', '0'],
    ['between two tags', 'a-'],
    ['no tag can have', '~'],
    ['a slash', 'a/b'],
    ['not ASCII', 'ü'],
    ['a very long text', 'a'.repeat(500)],
  ])('last is %s: what sorts after it, without n too', async (_what, last) => {
    const after = TAGS.filter((tag) => Buffer.compare(Buffer.from(tag), Buffer.from(last)) > 0);
    expect(await tagsOf(`?last=${encodeURIComponent(last)}`)).toEqual({ tags: after, next: undefined });
    expect((await tagsOf(`?n=2&last=${encodeURIComponent(last)}`)).tags).toEqual(after.slice(0, 2));
  });

  test('an empty last is none', async () => {
    expect((await tagsOf('?n=3&last=')).tags).toEqual(TAGS.slice(0, 3));
  });

  test('after the last there is an empty list, not null', async () => {
    expect(await tagsOf('?last=zzz')).toEqual({ tags: [], next: undefined });
    expect((await repository.send('GET', 'tags/list?last=zzz')).body.toString()).toContain('"tags":[]');
  });

  test.each([1, 2, 3, 4])('pages of %d, followed by their links, are the whole', async (n) => {
    const seen: string[] = [];
    let next: string | undefined = repository.path(`tags/list?n=${n}`);
    while (next !== undefined) {
      const answer = await registry.send('GET', next);
      const { tags } = TagList.parse(jsonOf(answer));
      expect(tags.length).toBeLessThanOrEqual(n);
      seen.push(...tags);
      next = nextPage(answer);
    }
    expect(seen).toEqual(TAGS);
  });

  test('1100 tags are given a thousand at a time, whatever n asks for', async () => {
    const many = registry.repository();
    const names = Array.from({ length: 1100 }, (_, at) => `t${String(at).padStart(5, '0')}`);
    await many.push(image);
    for (let at = 0; at < names.length; at += 100) {
      const query = names.slice(at, at + 100).map((tag) => `tag=${tag}`);
      expect((await many.put(`${image.digest}?${query.join('&')}`, image)).status).toBe(201);
    }
    for (const query of ['', '?n=5000']) {
      const { tags, next } = await tagsOf(query, many);
      expect(tags).toEqual(names.slice(0, 1000));
      const rest = await registry.send('GET', next ?? '');
      expect(TagList.parse(jsonOf(rest)).tags).toEqual(names.slice(1000));
      expect(rest.headers).not.toHaveProperty('link');
    }
  });

  test('no repository: 404 NAME_UNKNOWN, also with n=0 and last', async () => {
    for (const query of ['', '?n=0', '?n=5', '?last=a']) {
      expect(verdict(await registry.repository().send('GET', `tags/list${query}`))).toBe('404 NAME_UNKNOWN');
    }
  });

  test('a repository of one blob, and one whose manifests have no tags, have an empty list', async () => {
    const [blobs, untagged] = [registry.repository(), registry.repository()];
    await blobs.pushBlobs(EMPTY_BLOB);
    await untagged.push(imageOf());
    for (const one of [blobs, untagged]) expect(await tagsOf('', one)).toEqual({ tags: [], next: undefined });
  });

  test('a referrer, a digest or a child of an index is no tag', async () => {
    const untagged = registry.repository();
    await untagged.push(imageOf({ subject: image }), 'only');
    expect((await tagsOf('', untagged)).tags).toEqual(['only']);
  });
});

describe('the repositories of a registry', () => {
  const names = ['', '-a', '.a', '/a', '/a/b', '0', '_a', '__a', 'b'].map((end) => `m${end}`);
  let parent: string;
  let expected: string[];

  beforeAll(async () => {
    parent = registry.repository().name;
    expected = names.map((name) => `${parent}/${name}`).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const name of expected) await registry.inRepository(name).pushBlobs(EMPTY_BLOB);
  });

  async function catalog(query: string): Promise<{ repositories: string[]; next: string | undefined }> {
    const answer = await registry.send('GET', `/v2/_catalog${query}`);
    expect([answer.status, ...valuesOf(answer, 'Content-Type')]).toEqual([200, 'application/json']);
    return { ...Catalog.parse(jsonOf(answer)), next: nextPage(answer) };
  }

  test('are listed in the order of their bytes', async () => {
    const { repositories } = await catalog(`?n=${names.length}&last=${parent}`);
    expect(repositories).toEqual(expected);
  });

  test.each([1, 2, 4])('pages of %d, followed by their links, are the whole', async (n) => {
    const seen: string[] = [];
    let next: string | undefined = `/v2/_catalog?n=${n}&last=${encodeURIComponent(parent)}`;
    while (next !== undefined && seen.length < expected.length) {
      const answer = await registry.send('GET', next);
      const { repositories } = Catalog.parse(jsonOf(answer));
      expect(repositories.length).toBeLessThanOrEqual(n);
      seen.push(...repositories);
      next = nextPage(answer);
    }
    expect(seen.slice(0, expected.length)).toEqual(expected);
  });

  test('n=0: none, and no Link', async () => {
    expect(await catalog('?n=0')).toEqual({ repositories: [], next: undefined });
  });

  test('after the last there is an empty list', async () => {
    expect(await catalog('?last=zzzz')).toEqual({ repositories: [], next: undefined });
  });

  test.each(['-1', 'x', ''])('n=%s is 400 PAGINATION_NUMBER_INVALID', async (n) => {
    expect(verdict(await registry.send('GET', `/v2/_catalog?n=${n}`))).toBe('400 PAGINATION_NUMBER_INVALID');
  });

  test.each(['/v2/_catalog/', '/v2/_catalog/x'])('GET %s is 404', async (path) => {
    expect((await registry.send('GET', path)).status).toBe(404);
  });
});
