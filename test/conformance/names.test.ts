import { describe, expect, test } from '@jest/globals';
import { verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import { imageOf, randomDigest } from './samples.js';

const registry = registryUnderTest();

/** The first component is random, so these are nobody else's. */
function fresh(rest = ''): string {
  return `${registry.repository().name}${rest}`;
}

describe('the name of a repository (distribution-spec, Pulling manifests)', () => {
  test.each([
    '',
    '/a',
    '/a/b/c/d/e',
    '/a.b',
    '/a_b',
    '/a__b',
    '/a-b',
    '/a---b',
    '/0',
    '/0.9__a-b',
    '/manifests',
    '/blobs',
    '/blobs/uploads',
    '/uploads',
    '/tags/list',
    '/tags',
    '/referrers',
    '/manifests/latest',
    '/v2',
  ])('takes <name>%s from push to delete', async (rest) => {
    const repository = registry.inRepository(fresh(rest));
    const image = imageOf();
    await repository.push(image, 'v1');
    expect((await repository.send('GET', 'manifests/v1')).body.equals(image.bytes)).toBe(true);
    expect((await repository.send('GET', `blobs/${image.blobs[0]?.digest}`)).status).toBe(200);
    expect((await repository.send('GET', 'tags/list')).body.toString()).toBe(
      JSON.stringify({ name: repository.name, tags: ['v1'] }),
    );
    expect((await repository.send('GET', `referrers/${image.digest}`)).status).toBe(200);
    expect((await repository.send('DELETE', `manifests/${image.digest}`)).status).toBe(202);
  });

  test.each([
    ['upper case', '/A'],
    ['a leading dot', '/.a'],
    ['a trailing dot', '/a.'],
    ['two dots', '/a..b'],
    ['three underscores', '/a___b'],
    ['a leading underscore', '/_a'],
    ['a trailing dash', '/a-'],
    ['mixed separators', '/a._b'],
    ['an empty component', '//a'],
    ['an empty component at its end', '/'],
    ['a space', '/a%20b'],
    ['an escaped slash', '/a%2Fb'],
    ['an escaped letter', '/%61'],
    ['a tilde', '/~a'],
    ['a colon', '/a:b'],
    ['a plus', '/a+b'],
    ['254 bytes', 'a'.repeat(254)],
  ])('with %s is 400 NAME_INVALID, whatever is done with it', async (_what, rest) => {
    const name = rest.length > 200 ? rest : fresh(rest);
    for (const [method, path] of [
      ['GET', 'manifests/latest'],
      ['PUT', 'manifests/latest'],
      ['GET', `blobs/${randomDigest()}`],
      ['POST', 'blobs/uploads/'],
      ['GET', 'tags/list'],
      ['GET', `referrers/${randomDigest()}`],
    ] as const) {
      expect(verdict(await registry.send(method, `/v2/${name}/${path}`))).toBe('400 NAME_INVALID');
    }
  });

  test('has 253 bytes at most', async () => {
    const name = `${fresh()}/`.padEnd(253, 'a');
    await registry.inRepository(name).push(imageOf(), 'v1');
    expect((await registry.send('GET', `/v2/${name}/manifests/v1`)).status).toBe(200);
    expect(verdict(await registry.send('GET', `/v2/${name}a/tags/list`))).toBe('400 NAME_INVALID');
  });
});

describe('paths are taken as they come over the wire', () => {
  test.each([
    ['climbs out', '/v2/a/../../etc/passwd'],
    ['climbs inside', '/v2/a/b/../manifests/latest'],
    ['climbs escaped', '/v2/a/%2e%2e/b/manifests/latest'],
    ['climbs escaped twice', '/v2/a/%252e%252e/b/manifests/latest'],
    ['has a dot segment', '/v2/a/./manifests/latest'],
    ['has two slashes', '/v2//manifests/latest'],
    ['begins with two slashes', '//v2/a/manifests/latest'],
    ['has a backslash', '/v2/a\\b/manifests/latest'],
    ['has an escaped NUL', '/v2/a%00b/manifests/latest'],
    ['has a broken escape', '/v2/a%zz/manifests/latest'],
    ['is not ASCII', '/v2/ü/manifests/latest'],
    ['is in upper case', '/V2/a/manifests/latest'],
    ['ends in a slash', '/v2/a/tags/list/'],
    ['has a NUL for a digest', '/v2/a/blobs/sha256:%00'],
    ['climbs in a digest', '/v2/a/blobs/sha256:../../x'],
    ['names an extension', '/v2/_oci/ext/discover'],
    ['names an extension of a repository', '/v2/a/_oci/x'],
    ['is none of ours', '/favicon.ico'],
    ['is the root', '/'],
    ['is an asterisk', '*'],
  ])('one that %s is refused in the registry’s own words', async (_what, path) => {
    const answer = await registry.say([`GET ${path} HTTP/1.1`]);
    expect([400, 404]).toContain(answer.status);
    expect(verdict(answer)).toMatch(/^4\d\d [A-Z_]+$/);
  });

  test.each([
    ['the absolute form', (host: string) => `http://${host}/v2/`],
    ['the absolute form of another host', () => 'http://other.example/v2/'],
    ['a query', () => '/v2/?x=y'],
  ])('%s is fine', async (_what, path) => {
    const { host } = new URL(registry.wire.url);
    expect((await registry.say([`GET ${path(host)} HTTP/1.1`])).status).toBe(200);
  });
});

describe('a parameter that is there twice', () => {
  test.each([
    ['PUT', `manifests/v1?digest=${randomDigest()}&digest=${randomDigest()}`, 'DIGEST_INVALID'],
    ['POST', `blobs/uploads/?digest=${randomDigest()}&digest=${randomDigest()}`, 'DIGEST_INVALID'],
    ['POST', `blobs/uploads/?mount=${randomDigest()}&mount=${randomDigest()}&from=a`, 'DIGEST_INVALID'],
    ['POST', `blobs/uploads/?mount=${randomDigest()}&from=a&from=b`, 'NAME_INVALID'],
    ['POST', 'blobs/uploads/?digest-algorithm=sha256&digest-algorithm=sha512', 'DIGEST_INVALID'],
    ['GET', 'tags/list?n=1&n=1', 'PAGINATION_NUMBER_INVALID'],
    ['GET', 'tags/list?last=a&last=a', 'PAGINATION_NUMBER_INVALID'],
  ])('%s %.24s… is 400', async (method, rest, code) => {
    expect(verdict(await registry.repository().send(method, rest))).toBe(`400 ${code}`);
  });
});
