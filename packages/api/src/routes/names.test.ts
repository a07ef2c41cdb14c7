import { parseRepositoryName, parseTag, type Tag } from '@atoll/core';
import { keys } from '@atoll/storage';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Harness, verdict } from '../testing/harness.js';

const TAGS = ['0.1.2', '0.1.20', 'Latest', '_x', 'a', 'a-b', 'a.b', 'latest'];

let api: Harness;
beforeAll(async () => {
  api = await Harness.start({ limits: { maxPageNames: 5 } });
  for (const tag of TAGS.toReversed()) await api.pushImage('math', tag);
  for (const name of ['math-x', 'math/x', 'a']) await api.pushBlob(name, 'x');
});
afterAll(() => api.stop());

async function answer(path: string): Promise<{ names: unknown; link: string | undefined }> {
  const { body, headers, status } = await api.ask('GET', path);
  expect([status, headers['content-type']]).toEqual([200, 'application/json']);
  const { tags, repositories } = JSON.parse(body.toString()) as { tags?: string[]; repositories?: string[] };
  return { names: tags ?? repositories, link: headers.link };
}

describe('the ping', () => {
  test.each(['/v2/', '/v2', '/v2/?x=y'])('%s is an empty object', async (path) => {
    const { status, headers, body } = await api.ask('GET', path);
    expect([status, body.toString()]).toEqual([200, '{}']);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'docker-distribution-api-version': 'registry/2.0',
    });
    expect((await api.ask('HEAD', path)).headers['content-length']).toBe('2');
  });
});

describe('tags', () => {
  const link = (n: number, last: string) => `</v2/math/tags/list?n=${n}&last=${last}>; rel="next"`;

  test.each([
    ['the first page of all', '', TAGS.slice(0, 5), link(5, 'a')],
    ['some', '?n=2', TAGS.slice(0, 2), link(2, '0.1.20')],
    ['some after one', '?n=2&last=0.1.20', TAGS.slice(2, 4), link(2, '_x')],
    ['the last ones', '?n=3&last=a', TAGS.slice(5), undefined],
    ['exactly the last ones', '?n=3&last=a', TAGS.slice(5), undefined],
    ['after one that does not exist', '?last=a-a', TAGS.slice(5), undefined],
    ['after the end', '?last=zzz', [], undefined],
    ['after what no tag can be', '?last=%2F..%00%ff', TAGS.slice(0, 5), link(5, 'a')],
    ['none', '?n=0', [], undefined],
    ['more than the server gives', '?n=1000', TAGS.slice(0, 5), link(5, 'a')],
  ])('%s', async (_what, query, names, next) => {
    expect(await answer(`/v2/math/tags/list${query}`)).toEqual({ names, link: next });
  });

  test('pages, followed by their links, make the whole', async () => {
    const all: unknown[] = [];
    for (let path: string | undefined = '/v2/math/tags/list?n=3'; path !== undefined;) {
      const page = await answer(path);
      all.push(...(page.names as unknown[]));
      path = page.link?.slice(1, page.link.indexOf('>'));
    }
    expect(all).toEqual(TAGS);
  });

  test('a page that finds only deleted tags leads on to the next', async () => {
    const deleted = Array.from({ length: 12_000 }, (_, i) => parseTag(`b${String(i).padStart(5, '0')}`));
    const name = parseRepositoryName('a');
    const key = (tag: Tag) => keys.tag(name, tag);
    for (const tag of deleted) await api.store.put(key(tag), Buffer.alloc(301), { blind: true });
    await api.store.put(key(parseTag('c')), Buffer.alloc(300), { blind: true });
    const last = 'b09004';
    const next = `</v2/a/tags/list?n=5&last=${last}>; rel="next"`;
    expect(await answer('/v2/a/tags/list')).toEqual({ names: [], link: next });
    expect(await answer(`/v2/a/tags/list?n=5&last=${last}`)).toEqual({ names: ['c'], link: undefined });
    for (const tag of [...deleted, parseTag('c')]) await api.store.delete(key(tag), { blind: true });
  });

  test('a repository without tags has none, and one that is not there is unknown', async () => {
    expect((await api.ask('GET', '/v2/a/tags/list')).body.toString()).toBe('{"name":"a","tags":[]}');
    expect(verdict(await api.ask('GET', '/v2/nobody/tags/list'))).toBe('404 NAME_UNKNOWN');
    expect(verdict(await api.ask('GET', '/v2/nobody/tags/list?n=0'))).toBe('404 NAME_UNKNOWN');
  });

  test.each(['n=-1', 'n=x', 'n=', 'n=1&n=2', 'last=a&last=b'])('?%s is refused', async (query) => {
    expect(verdict(await api.ask('GET', `/v2/math/tags/list?${query}`))).toBe('400 PAGINATION_NUMBER_INVALID');
  });
});

describe('the catalog', () => {
  test.each([
    ['all', '', ['a', 'math', 'math-x', 'math/x'], undefined],
    ['some', '?n=2', ['a', 'math'], '</v2/_catalog?n=2&last=math>; rel="next"'],
    ['those after a prefix', '?last=math/', ['math/x'], undefined],
    ['a link with a slash in it', '?n=1&last=math-x', ['math/x'], undefined],
    ['none', '?n=0', [], undefined],
  ])('%s', async (_what, query, names, link) => {
    expect(await answer(`/v2/_catalog${query}`)).toEqual({ names, link });
  });

  test('a bad n is refused', async () => {
    expect(verdict(await api.ask('GET', '/v2/_catalog?n=a'))).toBe('400 PAGINATION_NUMBER_INVALID');
  });
});
