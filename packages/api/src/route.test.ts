import { isRepositoryName, RegistryError } from '@atoll/core';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { matchRoute } from './route.js';

const D = `sha256:${'a'.repeat(64)}`;

function outcome(url: string, method = 'GET'): unknown {
  try {
    return matchRoute(url, method).route;
  } catch (cause) {
    if (!(cause instanceof RegistryError)) throw cause;
    return `${cause.status} ${cause.code}`;
  }
}

describe('a path that has a route', () => {
  test.each([
    ['/v2/', { kind: 'ping' }],
    ['/v2', { kind: 'ping' }],
    ['/v2/?ns=docker.io', { kind: 'ping' }],
    ['http://registry.example.com/v2/', { kind: 'ping' }],
    ['HTTPS://registry.example.com:5000/v2?x', { kind: 'ping' }],
    ['/healthz', { kind: 'health' }],
    ['/readyz', { kind: 'ready' }],
    ['/v2/_catalog?n=2', { kind: 'catalog' }],
    ['/v2/a/tags/list', { kind: 'tags', name: 'a' }],
    ['/v2/a/b/tags/list?n=1', { kind: 'tags', name: 'a/b' }],
    ['/v2/a/manifests/latest', { kind: 'manifest', name: 'a', reference: 'latest' }],
    [`/v2/a/b/c/manifests/${D}`, { kind: 'manifest', name: 'a/b/c', reference: D }],
    [`/v2/a/blobs/${D}`, { kind: 'blob', name: 'a', digest: D }],
    [`/v2/a/referrers/${D}?artifactType=x`, { kind: 'referrers', name: 'a', digest: D }],
    ['http://h/v2/a/manifests/x?y=/manifests/z', { kind: 'manifest', name: 'a', reference: 'x' }],
  ])('GET %s', (url, route) => expect(outcome(url)).toEqual(route));

  test.each([
    ['/v2/a/blobs/uploads/', { kind: 'uploads', name: 'a' }],
    ['/v2/a/blobs/uploads', { kind: 'uploads', name: 'a' }],
    ['/v2/a/blobs/uploads/?mount=x', { kind: 'uploads', name: 'a' }],
    ['/v2/a/blobs/uploads/blobs/uploads/', { kind: 'uploads', name: 'a/blobs/uploads' }],
  ])('POST %s', (url, route) => expect(outcome(url, 'POST')).toEqual(route));
});

describe('a repository named like the words of the protocol', () => {
  test.each([
    ['/v2/manifests/manifests/manifests', { kind: 'manifest', name: 'manifests', reference: 'manifests' }],
    ['/v2/a/tags/list/tags/list', { kind: 'tags', name: 'a/tags/list' }],
    ['/v2/a/tags/list/manifests/v1', { kind: 'manifest', name: 'a/tags/list', reference: 'v1' }],
    ['/v2/a/blobs/uploads/manifests/v1', { kind: 'manifest', name: 'a/blobs/uploads', reference: 'v1' }],
    [`/v2/a/blobs/uploads/blobs/${D}`, { kind: 'blob', name: 'a/blobs/uploads', digest: D }],
    ['/v2/a/manifests/blobs/uploads/x', { kind: 'upload', name: 'a/manifests', id: 'x' }],
    ['/v2/blobs/uploads/tags/list', { kind: 'tags', name: 'blobs/uploads' }],
    ['/v2/a/blobs/uploads/referrers/x', { kind: 'referrers', name: 'a/blobs/uploads', digest: 'x' }],
    ['/v2/v2/tags/list', { kind: 'tags', name: 'v2' }],
    ['/v2/a/manifests/list', { kind: 'manifest', name: 'a', reference: 'list' }],
  ])('GET %s', (url, route) => expect(outcome(url)).toEqual(route));
});

describe('a path that has none', () => {
  test.each([
    ['the root', '/'],
    ['nothing', ''],
    ['another version', '/v1/_ping'],
    ['an asterisk', '*'],
    ['a bare name', '/v2/a'],
    ['a name with a slash', '/v2/a/'],
    ['no name before the keyword', '/v2/manifests/latest'],
    ['no name before the uploads', '/v2/blobs/uploads/x'],
    ['no name, doubled slash', '/v2//x'],
    ['an empty reference', '/v2/a/manifests/'],
    ['an empty digest', '/v2/a/blobs/'],
    ['an empty subject', '/v2/a/referrers/'],
    ['a tag list with a slash', '/v2/a/tags/list/'],
    ['something else under tags', '/v2/a/tags/other'],
    ['an unknown extension', '/v2/_oci/ext/discover'],
    ['uploads outside of blobs', '/v2/a/uploads/x'],
    ['upper-case prefix', '/V2/'],
    ['an encoded slash', '/v2%2Fa/tags/list'],
    ['a property of every object', '/v2/constructor'],
    ['a climb', '/v2/../../etc/passwd'],
    ['another scheme', 'ftp://h/v2/'],
  ])('%s', (_what, url) => expect(outcome(url)).toBe('404 UNSUPPORTED'));
});

describe('a name outside of the grammar', () => {
  test.each([
    ['a climb', '/v2/a/../b/manifests/v1'],
    ['a dot', '/v2/./a/manifests/v1'],
    ['an escaped dot', '/v2/a/%2e%2e/b/manifests/v1'],
    ['an escaped slash', '/v2/a%2Fb/manifests/v1'],
    ['an escaped letter', '/v2/%61/tags/list'],
    ['a malformed escape', '/v2/a%/tags/list'],
    ['a NUL', '/v2/a%00/tags/list'],
    ['a backslash', '/v2/a\\b/tags/list'],
    ['not ASCII', '/v2/\u00e4/tags/list'],
    ['upper case', '/v2/A/tags/list'],
    ['a reserved component', '/v2/_x/tags/list'],
    ['an empty component', '/v2/a//b/tags/list'],
    ['an empty name', '/v2//tags/list'],
    ['a leading slash', '/v2//a/manifests/v1'],
    ['more than 253 bytes', `/v2/${'a'.repeat(254)}/tags/list`],
    ['a trailing separator', '/v2/a-/tags/list'],
    ['a fragment', '/v2/a#/tags/list'],
  ])('%s', (_what, url) => expect(outcome(url)).toBe('400 NAME_INVALID'));

  test('253 bytes are not too many', () => {
    expect(outcome(`/v2/${'a'.repeat(253)}/tags/list`)).toMatchObject({ kind: 'tags' });
  });
});

test('another method is told which ones there are', () => {
  expect(outcome('/v2/a/tags/list', 'DELETE')).toBe('405 UNSUPPORTED');
  expect(outcome('/v2/a/blobs/uploads/', 'GET')).toBe('405 UNSUPPORTED');
  expect(outcome('/v2/a/manifests/x', 'PATCH')).toBe('405 UNSUPPORTED');
  expect(() => matchRoute('/v2/', 'POST')).toThrow(
    expect.objectContaining({ more: { headers: { Allow: 'GET, HEAD' } } }),
  );
});

test('the query is kept as it came', () => {
  expect(matchRoute('/v2/a/manifests/x?a=%2F&b=?', 'GET').query).toBe('a=%2F&b=?');
});

const word = fc.constantFrom(
  'a',
  'v2',
  'blobs',
  'uploads',
  'manifests',
  'tags',
  'list',
  'referrers',
  'a-b',
  'x_y',
  '0.1',
);
const name = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join('/'));

test('every name comes back from every route, whatever words it is made of', () => {
  fc.assert(
    fc.property(name, word, (name, tail) => {
      const manifest = { kind: 'manifest', name, reference: tail };
      expect(outcome(`/v2/${name}/manifests/${tail}`)).toEqual(manifest);
      expect(outcome(`/v2/${name}/tags/list`)).toEqual({ kind: 'tags', name });
      expect(outcome(`/v2/${name}/referrers/${tail}`)).toEqual({ kind: 'referrers', name, digest: tail });
      expect(outcome(`/v2/${name}/blobs/uploads/${tail}`)).toEqual({ kind: 'upload', name, id: tail });
      expect(outcome(`/v2/${name}/blobs/uploads/`, 'POST')).toEqual({ kind: 'uploads', name });
      expect(outcome(`/v2/${name}/blobs/${D}`)).toEqual({ kind: 'blob', name, digest: D });
    }),
  );
});

test('whatever comes, a match has a valid name and anything else is refused', () => {
  const part = fc.oneof(word, fc.constantFrom('', '.', '..', '%2e', '\\', '?', '#', '_x', 'A'), fc.string());
  const url = fc.oneof(
    fc.string(),
    fc.array(part).map((parts) => `/v2/${parts.join('/')}`),
  );
  fc.assert(
    fc.property(url, (url) => {
      const found = outcome(url);
      if (typeof found === 'string') expect(found).toMatch(/^(400 NAME_INVALID|40[45] UNSUPPORTED)$/);
      else if (found !== null && typeof found === 'object' && 'name' in found) {
        expect(isRepositoryName(String(found.name))).toBe(true);
      }
    }),
  );
});
